"""The second stage of architecture search: candidates, each trained briefly by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ray.tune.search.basic_variant import BasicVariantGenerator

from automl_on_ray.clusters import Resources
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.searchers import identity_of
from automl_on_ray.studies.architecture.candidates import (
    Candidate,
    Judged,
    judge,
    random_candidates,
)
from automl_on_ray.studies.architecture.plan import NasPlan, subset_of
from automl_on_ray.studies.budget import Budget
from automl_on_ray.studies.inputs import bind, is_reusable, within
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.studies.tuner import StagePlan, run_stage
from automl_on_ray.tracking import TrackingCallback

Configs = Sequence[Config]
MAX_RANDOM = 500  # candidates, however much time there is;
MAX_COUNTED = 150  # where networks are built to draw them, several for each within the limits


@dataclass(frozen=True)
class CandidateTraining:
    """Trains candidates for `plan`, so many at once as `resources` have."""

    plan: NasPlan
    resources: Resources
    tracking: TrackingCallback

    def compare(
        self, found: Sequence[Candidate], search_seconds: float, rounds: Sequence[Configs]
    ) -> dict[str, Any]:
        """Train what the search found, then random ones for as long as all that took.

        Or so many random ones as were asked for. A search that went on may have found others than
        those of the `rounds` before: these are trained in one more. Rows of all trials, the rounds,
        and the seconds that each part took; resumable, and exits with how to go on when it is
        interrupted.
        """
        asked = self.plan.asked
        new = untrained(found, rounds, self.plan.candidates)
        rounds = [*rounds, new] if new else rounds
        rows: list[Row] = []
        noun = self.plan.way.form.noun
        for number, configs in enumerate(rounds, 1):
            part = "select" if number == 1 else f"select-{number}"
            chosen = [Candidate(config, "") for config in configs]
            rows += self._train(chosen, part, f"{noun}s of the search", self._stopwatch("select"))
        seconds = self._stopwatch("select").clock_seconds
        minutes = None if asked.random_cells is not None else (search_seconds + seconds) / 60
        control = self._stopwatch("control", minutes)
        drawn = random_control(self.plan, rounds)
        if drawn:
            self.tracking.origin = "random"
            each = seconds / max(1, len(found))
            expected = min(len(drawn), round(60 * minutes / each) if minutes else len(drawn))
            rows += self._train(drawn, "control", f"random {noun}s", control, expected)
        self.tracking.study_end("stopped")  # the study goes on with the next stage
        took = {"search": search_seconds, "select": seconds, "control": control.clock_seconds}
        return {"rows": [row.as_dict() for row in rows], "seconds": took, "rounds": rounds}

    def _stopwatch(self, part: str, minutes: float | None = None) -> Budget:
        path = self.plan.study.path / f"spent-{part}.json"
        return Budget(path, minutes=minutes, cost=None, price_per_hour=None)

    def _train(
        self,
        candidates: Sequence[Candidate],
        part: str,
        what: str,
        clock: Budget,
        expected: int | None = None,
    ) -> list[Row]:
        """One trial a candidate and seed, all seeds of one before the next; rows of all that ran.

        So many candidates are `expected` to be trained by then: by default all.
        """
        plan, asked = self.plan, self.plan.asked
        points = [
            {**plan.candidates.active({**plan.candidates.constants, **candidate.config}),
             "seed": seed}
            for candidate in candidates
            for seed in range(asked.select_seeds)
        ]  # fmt: skip
        keys = {key: None for point in points for key in point}
        subset = subset_of(asked.select_images, plan.data, asked.subset)
        stage = StagePlan(
            where=plan.study.stage(part),
            name=part,
            title=f"{plan.name}: 2. select: {what}, each by itself",
            trainable=bind(
                plan.klass,
                {**plan.trial_kwargs, "epochs": asked.epochs_of_selection, "subset": subset},
            ),
            reused=is_reusable(plan.klass),
            epochs=asked.epochs_of_selection,
            objectives=plan.objectives,
            awaited=[objective.metric for objective in plan.objectives],
            param_space=keys,  # that a point fills; one that is inactive in it stays None
            searcher=BasicVariantGenerator(
                points_to_evaluate=points, max_concurrent=self.resources.slots
            ),
            samples=len(points),
            expected=(expected or len(candidates)) * asked.select_seeds,
            resources=self.resources,
            at_once=self.resources.slots,
            max_failures=asked.max_failures,
            trial_minutes=asked.trial_minutes,
            retry_failed=asked.retry_failed,
        )
        return list(run_stage(plan.study, stage, self.tracking, clock).rows)


def untrained(
    found: Sequence[Candidate], rounds: Sequence[Configs], space: SearchSpace
) -> list[Config]:
    """Candidates that were found but are in none of the rounds."""
    trained = {identity_of(space, config) for configs in rounds for config in configs}
    own = (candidate.config for candidate in found)
    return [config for config in own if identity_of(space, config) not in trained]


def random_control(plan: NasPlan, rounds: Sequence[Configs]) -> list[Candidate]:
    """The control, beside those of the first round: it stays when a search goes on."""
    count, space = plan.asked.random_cells, plan.candidates
    meets = within(space, plan.trial_kwargs.get("limits", ()), plan.data)
    most = MAX_RANDOM if meets is None else MAX_COUNTED
    return random_candidates(
        space, count=most if count is None else count, without=rounds[0], seed=plan.asked.seed,
        meets=meets,
    )  # fmt: skip


def judge_all(
    plan: NasPlan, found: Sequence[Candidate], rows: Sequence[Row], rounds: Sequence[Configs]
) -> list[Judged]:
    """What the search found and the random ones, best first."""
    space, drawn = plan.candidates, random_control(plan, rounds)
    known = {identity_of(space, candidate.config) for candidate in found}
    control = [one for one in drawn if identity_of(space, one.config) not in known]
    every = [*found, *control]
    return judge(every, rows, plan.objectives, space=space, seeds=plan.asked.select_seeds)
