"""What a comparison by real training says: scores, Kendall's tau, a ledger, and the checklist."""

from collections.abc import Iterator, Sequence

import numpy as np

from automl_on_ray.command_line import same_command
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.comparison.by_training.checklist import Known, checklist
from automl_on_ray.studies.comparison.by_training.recipes import RetrainingRecipe
from automl_on_ray.studies.comparison.by_training.trained import (
    Retrained,
    Searched,
    TrainingRow,
    kendall,
)
from automl_on_ray.studies.comparison.page import Findings
from automl_on_ray.studies.comparison.runs import tasks_of
from automl_on_ray.studies.comparison.settings import CompareSettings
from automl_on_ray.studies.comparison.standings import Interval, Judge, mean_of, paired
from automl_on_ray.studies.comparison.tables import Cells, difference, mean_and_half
from automl_on_ray.tracking import versions

DIGITS = 4
FEWEST_FOR_TAU = 3  # configs


class Trained:
    """Rows of searches, and what their configs came to by each recipe."""

    def __init__(
        self,
        asked: CompareSettings,
        goal: Objective,
        recipes: Sequence[RetrainingRecipe],
        rows: Sequence[TrainingRow],
    ) -> None:
        self.asked, self.goal, self.recipes = asked, goal, recipes
        tasks = set(tasks_of(asked.methods, asked.all_budgets, asked.all_seeds))
        asked_for = [row for row in rows if isinstance(row, Searched) and row.task in tasks]
        self.searches = [row for row in asked_for if row.found]
        self.in_vain = [row for row in asked_for if not row.found]
        self.retrained = [row for row in rows if isinstance(row, Retrained)]

    def of(self, method: str) -> list[Searched]:
        return [one for one in self.searches if one.method == method]

    def trainings(self, config: Config, recipe: str) -> list[Retrained]:
        return [r for r in self.retrained if r.config == config and r.recipe == recipe]

    def final(self, search: Searched, recipe: str) -> float:
        """Mean over the retrainings; NaN if all failed."""
        scores = [one.score for one in self.trainings(search.config, recipe)]
        known = [score for score in scores if score is not None]
        return float(np.mean(known)) if known else float("nan")

    # Tables

    def tables(self) -> list[Cells]:
        finals = [self._finals(recipe.name) for recipe in self.recipes]
        return [*finals, self._searches(), self._taus(), self._ledger(), self._checklist()]

    def _finals(self, recipe: str) -> Cells:
        base = {one.seed: self.final(one, recipe) for one in self.of(self.asked.base)}
        rows = []
        for method in self.asked.methods:
            own = {one.seed: self.final(one, recipe) for one in self.of(method)}
            both = [own[seed] - base[seed] for seed in sorted(own.keys() & base.keys())]
            ahead = None if method == self.asked.base else paired(_known(both))
            values = _known(list(own.values()))
            told = mean_and_half(mean_of(values), DIGITS)
            rows.append([method, str(len(values)), told, difference(ahead, DIGITS)])
        head = ["", "searches", "test accuracy", f"less {self.asked.base}'s"]
        return Cells(f"trained anew {self.asked.retrain} times, recipe {recipe!r}", head, rows)

    def _searches(self) -> Cells:
        rows = []
        for method in self.asked.methods:
            own = self.of(method)
            best: Interval = mean_of([one.best(self.goal) for one in own])
            failed = sum(one.failed for one in own)
            rows.append([method, str(len(own)), mean_and_half(best, DIGITS), str(failed)])
        head = ["", "searches", f"best {self.goal.metric}", "failed trials"]
        return Cells("while it was searched", head, rows)

    def _taus(self) -> Cells:
        rows = []
        for recipe in self.recipes:
            tau, count = self.tau(recipe.name)
            rows.append([recipe.name, str(count), "" if np.isnan(tau) else f"{tau:+.2f}"])
        head = ["recipe", "configs", "Kendall's tau"]
        return Cells("does the search's score rank as the final one does?", head, rows)

    def tau(self, recipe: str) -> tuple[float, int]:
        """Between search-time and final score over what the searches found, each config once."""
        pairs: list[tuple[float, float]] = []
        seen: list[Config] = []
        for one in self.searches:
            final = self.final(one, recipe)
            if one.config not in seen and not np.isnan(final):
                seen.append(one.config)
                pairs.append((self.goal.sign() * one.best(self.goal), final))
        if len(pairs) < FEWEST_FOR_TAU:
            return float("nan"), len(pairs)
        first, second = zip(*pairs, strict=True)
        return kendall(first, second), len(pairs)

    def _ledger(self) -> Cells:
        gpus = max((one.gpus for one in self.retrained), default=0.0)
        rows = []
        for method in self.asked.methods:
            own = self.of(method)
            trained = [
                training
                for recipe in self.recipes
                for search in own
                for training in self.trainings(search.config, recipe.name)
            ]
            seconds = [sum(one.seconds for one in part) for part in (own, trained)]
            epochs = [sum(one.epochs for one in part) for part in (own, trained)]
            hours = f"{gpus * sum(seconds) / 3600:.2f}"
            trials = str(sum(len(one.scores) for one in own))
            rows.append([
                method, trials, str(epochs[0]), f"{seconds[0]:.0f}", str(len(trained)),
                str(epochs[1]), f"{seconds[1]:.0f}", hours,
            ])  # fmt: skip
        head = ["", "trials", "epochs", "seconds", "retrainings", "epochs", "seconds", "GPU-hours"]
        return Cells("ledger", head, rows)

    def _checklist(self) -> Cells:
        asked = self.asked
        trials = {sum(len(o.scores) for o in self.of(method)) for method in asked.methods}
        known = Known(
            asked.base, asked.methods, asked.all_seeds, asked.retrain,
            [recipe.name for recipe in self.recipes], asked.images, asked.space or "",
            ", ".join(f"{n} {v}" for n, v in versions().items()), len(trials) == 1,
        )  # fmt: skip
        head = ["best practice (Lindauer and Hutter 2020)", "", "what is known, or to fill in"]
        return Cells("checklist", head, checklist(known), words=True)

    def metrics(self) -> Iterator[tuple[str, float]]:
        for recipe in self.recipes:
            for method in self.asked.methods:
                values = _known([self.final(one, recipe.name) for one in self.of(method)])
                if values:
                    yield f"test_accuracy/{recipe.name}/{method}", float(np.mean(values))
            tau = self.tau(recipe.name)[0]
            if not np.isnan(tau):
                yield f"kendall_tau/{recipe.name}", tau


def findings_of(trained: Trained, name: str) -> Findings:
    from automl_on_ray.studies.comparison.drawing import curves, picture  # seconds, of matplotlib

    asked = trained.asked
    runs = [one.run(trained.goal) for one in trained.searches]
    figure = curves(
        Judge((trained.goal,), (), runs), runs, f"while it was searched: {trained.goal}"
    )
    title = f"{name}: {len(asked.methods)} methods on {asked.images}, space {asked.space}"
    notes = [
        "± and [ ] are 95 % intervals of the mean over searches: Student's t, and for differences "
        "a paired bootstrap over the seeds that both methods have.",
        "A search hands over its best by validation. Each is trained anew on train and validation "
        "data, alike for all methods, and tested once in the last epoch.",
        "Searches of the same seed have the same split of the data. A config that several searches "
        "found was trained once, and is counted in the ledger of each.",
        "Seconds are those that trials were at work, summed; not those of a clock.",
        *(f"The search of {one.method} with seed {one.seed} found nothing: all trials failed."
          for one in trained.in_vain),
    ]  # fmt: skip
    last = asked.all_seeds.stop - 1
    about = f"Seeds {asked.first_seed} to {last}. {same_command(name)}"
    svg, png = picture(figure, "svg"), picture(figure, "png")
    return Findings(title, about, trained.tables(), notes, svg, png)


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if not np.isnan(value)]
