"""The first screen of a report: what was found, and how sure that is. Lines of HTML's text."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.report.kinds import sure_of_kinds
from automl_on_ray.studies.report.style import OUTCOMES
from automl_on_ray.studies.results import StoredStudy, half_width
from automl_on_ray.tracking import RecordedTrial


@dataclass(frozen=True)
class Group:
    """Trials of one config, which differ in their seeds; `mean` is of the first objective."""

    trials: tuple[RecordedTrial, ...]
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def random(self) -> bool:
        """Whether it was drawn as a control."""
        return bool(self.trials[0].origin)  # which no other trial has


def groups_of(study: StoredStudy) -> list[Group]:
    """The scored trials, the best mean first; those whose configs differ in a seed are one."""
    first = study.objectives[0]
    by_config: dict[str, list[RecordedTrial]] = {}
    for trial in study.ranked:
        own = sorted((key, repr(v)) for key, v in trial.config.items() if key != "seed")
        key = str(own) if "seed" in trial.config else trial.trial_id
        by_config.setdefault(key, []).append(trial)
    groups = [
        Group(tuple(trials), tuple(trial.metrics[first.metric] for trial in trials))
        for trials in by_config.values()
    ]
    return sorted(groups, key=lambda group: -first.sign() * group.mean)


def counts_of(study: StoredStudy) -> str:
    """Of the search's trials: `30 trials: 12 completed, 18 pruned`."""
    counts = Counter(trial.outcome for trial in study.searched)
    told = ", ".join(
        f"{counts[kind]} {words}" for kind, (words, _) in OUTCOMES.items() if counts[kind]
    )
    number = len(study.searched)
    return f"{number} trial{'s' * (number != 1)}: {told}" if number else "No trial was begun"


def found(study: StoredStudy) -> str:
    """The best value, and whose it is."""
    if study.best is None:
        return f"Nothing yet: no trial has a value of every objective. {counts_of(study)}."
    told = [_best_of(study, objective) for objective in study.objectives]
    if len(study.objectives) > 1:
        return (
            f"A front of {len(study.front)} trials, of which none is beaten in all objectives. "
            f"Best by each alone: {'; '.join(told)}. {counts_of(study)}."
        )
    return f"Best {told[0]}. {counts_of(study)}."


def _best_of(study: StoredStudy, objective: Objective) -> str:
    trial = study.best
    if objective != study.objectives[0]:
        trial = max(study.ranked, key=lambda t: objective.sign() * t.metrics[objective.metric])
    assert trial is not None
    value = f"{objective.metric}: {trial.metrics[objective.metric]:.6g}"
    if objective == study.objectives[0] and (group := _group_of(study, trial)):
        value = f"{objective.metric}: {group.mean:.6g} (mean of {len(group.values)} seeds)"
    return f"{value}, trial {trial.trial_id} after {trial.iterations} {study.step}s"


def _group_of(study: StoredStudy, trial: RecordedTrial) -> Group | None:
    """The trial's, if it was repeated."""
    groups = (group for group in groups_of(study) if trial in group.trials)
    return next((group for group in groups if len(group.values) > 1), None)


def sure(study: StoredStudy) -> list[str]:
    """What repeats say of the best config, and whether it is ahead of the next."""
    if study.best is None:
        return ["There is nothing to be sure of."]
    if tested := sure_of_kinds(study):
        return [*tested, *(study.summary.verdict if study.summary else ())]
    lines = _repeats(study)
    if len(study.objectives) == 1:
        lines.append(_lead(study))
    return [*lines, *(study.summary.verdict if study.summary else ())]


def _repeats(study: StoredStudy) -> list[str]:
    if study.summary and study.summary.final and not study.final:
        return []  # its final model was made otherwise, of which its verdict tells
    final = [trial for trial in study.final if trial.outcome == "completed"]
    names = sorted({name for trial in final for name in trial.metrics if name.startswith("test_")})
    if not names:
        names = [o.metric for o in study.objectives if any(o.metric in t.metrics for t in final)]
    told = []
    for name in names:
        values = [trial.metrics[name] for trial in final if name in trial.metrics]
        half = half_width(values)
        spread = f" ± {half:.2g} (95 % interval)" if math.isfinite(half) else ""
        told.append(f"{name} {np.mean(values):.5g}{spread}")
    if told:
        seeds = f"{len(final)} seed{'s' * (len(final) != 1)}"
        return [f"Trained again from scratch, {seeds}: {', '.join(told)}."]
    return [
        "The best config was not trained again. Its value is the best of "
        f"{len(study.ranked)}, so part of it is luck: expect less of another training."
    ]


def _lead(study: StoredStudy) -> str:
    """The best config against the next one, measured by what a seed changes."""
    groups = groups_of(study)
    if len(groups) < 2:
        return "There is no other config to compare it with."
    first = study.objectives[0]
    ahead = first.sign() * (groups[0].mean - groups[1].mean)
    lead = f"It is {ahead:.3g} ahead of the next config in {first.metric}"
    if ahead <= 0:
        lead = f"The next config has the same {first.metric}"
    spread, whence = _spread(study, groups)
    if spread is None:
        return (
            f"{lead}. What another seed would change is not known: compare with repeats "
            "(--final-seeds 3) before you rely on it."
        )
    per_group = [len(group.values) for group in groups[:2]]
    needed = 1.96 * spread * math.sqrt(sum(1 / count for count in per_group))
    if ahead > needed:
        return f"{lead}: clearly, as chance alone makes up to {needed:.2g} ({whence})."
    near = sum(first.sign() * (groups[0].mean - group.mean) <= needed for group in groups) - 1
    others = "The next one" if near == 1 else f"{near} others"
    unclear = ", which is not clear" if ahead > 0 else ""
    return (
        f"{lead}{unclear}. Chance alone makes up to {needed:.2g} ({whence}). {others} may be as "
        "good."
    )


def _spread(study: StoredStudy, groups: Sequence[Group]) -> tuple[float | None, str]:
    """The standard deviation of one training's value, and where it is known from."""
    first = study.objectives[0]
    repeated = [group.values for group in groups if len(group.values) > 1]
    if repeated:
        free = sum(len(values) - 1 for values in repeated)
        squares = sum(np.sum((np.array(values) - np.mean(values)) ** 2) for values in repeated)
        return math.sqrt(squares / free), "from repeated trials"
    name = next((n for n in (first.metric, f"test_{first.metric}", f"test_{_bare(first.metric)}")
                 if any(n in trial.metrics for trial in study.final)), "")  # fmt: skip
    values = [
        t.metrics[name] for t in study.final if t.outcome == "completed" and name in t.metrics
    ]
    seeds = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    images = _validation_images(study.recorded.facts, first)
    best = groups[0].mean
    drawn = math.sqrt(max(best * (1 - best), 0) / images) if images and 0 <= best <= 1 else 0.0
    if not seeds and not drawn:
        return None, ""
    told = [f"seeds of the final training, in {name}"] if seeds else []
    told += [f"{images} validation images"] if drawn else []
    return max(seeds, drawn), "from " + " and ".join(told)


def _bare(metric: str) -> str:
    return metric.removeprefix("val_")


def _validation_images(facts: Mapping[str, Any], objective: Objective) -> int:
    """Of which the objective is the share that is right; 0 where that is not so."""
    if "accuracy" not in objective.metric:
        return 0
    return int(facts.get("dataset_context", {}).get("validation", 0) or 0)


def best_config(study: StoredStudy) -> Config:
    """At full precision."""
    return dict(study.best.config) if study.best else {}
