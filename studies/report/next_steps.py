"""What to do next: one or two things that the trials themselves suggest, with the command."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from automl_on_ray.command_line import with_options
from automl_on_ray.studies.importance import Parameter, declared_of, parameters_of, word_of
from automl_on_ray.studies.results import StoredStudy

MOST = 2
LATE = 0.75  # of the trials had begun when the best one did
EDGE = 0.03  # of a range: so near is at its bound
LEAST_TRIALS = 8


def next_steps(study: StoredStudy) -> list[str]:
    """The most pressing first; a command stands behind a colon at the end."""
    steps = [*_failed(study), *_bounds(study), *_late(study), *_unexplored(study)]
    return steps[:MOST] or ["Nothing in the trials asks for more."]


def _failed(study: StoredStudy) -> Iterator[str]:
    failed = [trial for trial in study.searched if trial.outcome == "failed"]
    if failed:
        reasons = Counter(trial.error or "no reason given" for trial in failed)
        (reason, count), *_ = reasons.most_common(1)
        told = f"{len(failed)} of {len(study.searched)} trials failed"
        which = "" if len(reasons) == 1 else f", {count} of them"
        yield (
            f"{told}{which} with “{reason[:160]}”. When that is mended, try them again: "
            f"{_with(study, retry_failed=True)}"
        )


def _late(study: StoredStudy) -> Iterator[str]:
    trials = sorted(study.searched, key=lambda trial: trial.began)
    if study.best not in trials or len(trials) < LEAST_TRIALS or "trials" not in study.asked:
        return
    place = trials.index(study.best) + 1
    if place > LATE * len(trials):
        yield (
            f"The best trial was number {place} of {len(trials)}, so more trials may find a "
            f"better one: {_with(study, trials=2 * len(trials))}"
        )


def _bounds(study: StoredStudy) -> Iterator[str]:
    if study.best is None or len(study.ranked) < LEAST_TRIALS:
        return
    config = study.best.config
    for parameter in _parameters(study):
        value = config.get(parameter.name)
        if not parameter.declared or parameter.integer or value is None:
            continue
        place = parameter.unit(value)
        if min(place, 1 - place) < EDGE and not _natural(parameter, place):
            bound, way = (parameter.low, "below") if place < 0.5 else (parameter.high, "above")
            yield (
                f"The best config has {parameter.name} = {value:.4g}, at the bound {bound:g}. Let "
                f"the space reach {way} it, and start from this study under another name: "
                f"{_with(study, name=_next_name(study), warm_start=study.name)}"
            )
            return


def _natural(parameter: Parameter, place: float) -> bool:
    """Shares end at 0 and 1, and many numbers at 0: there is nothing beyond."""
    bound = parameter.low if place < 0.5 else parameter.high
    return bound == 0 or (bound == parameter.high == 1 and parameter.low >= 0)


def _unexplored(study: StoredStudy) -> Iterator[str]:
    if len(study.ranked) < LEAST_TRIALS:
        return
    declared = declared_of(study.recorded.facts)
    for parameter in _parameters(study):
        domain = declared.get(parameter.name, {})
        if domain.get("conditional"):
            continue
        options = [word_of(option) for option in domain.get("options", ())]
        missing = [option for option in options if option not in parameter.words]
        if missing:
            yield (
                f"No trial with a value had {parameter.name} = {missing[0]}. Give such a config a "
                f"try: {_with(study, name=_next_name(study), try_first='FILE.json')}"
            )
            return


def _parameters(study: StoredStudy) -> list[Parameter]:
    configs = [trial.config for trial in study.ranked]
    return parameters_of(configs, declared_of(study.recorded.facts))


def _with(study: StoredStudy, **options: Any) -> str:
    """The command that goes on with the study, or begins another, with these options."""
    return with_options(str(study.recorded.facts.get("command", "")), **options)


def _next_name(study: StoredStudy) -> str:
    return f"{study.name}-2"
