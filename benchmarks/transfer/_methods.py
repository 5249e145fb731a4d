"""What a searcher is told of earlier tasks, or of what people know, before its first trial."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.beliefs import read_beliefs
from automl_on_ray.searchers import (
    SearcherSettings,
    TrialOutcome,
    create_searcher,
    searcher_capabilities,
)
from automl_on_ray.searchers.ax import AxModel
from automl_on_ray.studies.transfer import first_configs
from benchmarks.transfer._problems import GOAL, Problem

FIRST = 3  # configs of the sources that come first, where nothing else is told of them
WITHIN = 0.15  # of a belief, as a share of each axis
Given = dict[str, Any]  # fields of SearcherSettings
Search = Callable[[SearcherSettings, Problem], list[float]]


def nothing(problem: Problem) -> Given:
    return {}


def as_results(problem: Problem) -> Given:
    """Trials of the sources, as if they were the target's."""
    return {"known": tuple(trial for source in problem.sources for trial in source.trials)}


def as_first_configs(problem: Problem, count: int = FIRST) -> Given:
    return {"points": first_configs(problem.sources, problem.space, GOAL, count)}


def as_sources(problem: Problem) -> Given:
    return {"sources": problem.sources}


def as_warm_start(searcher: str, problem: Problem) -> Given:
    """As --warm-start has it with that searcher."""
    count = searcher_capabilities(searcher).first_configs
    return as_first_configs(problem, count) | as_sources(problem)


def as_right_beliefs(problem: Problem) -> Given:
    return _believing(problem, problem.believed)


def as_wrong_beliefs(problem: Problem) -> Given:
    return _believing(problem, problem.misbelieved)


def _believing(problem: Problem, in_config: Config | None) -> Given:
    """Of each parameter, with a standard deviation of WITHIN."""
    assert in_config is not None
    texts = [f"{key} ~ normal({value}, {WITHIN})" for key, value in in_config.items()]
    return {"beliefs": read_beliefs(texts, problem.space.domains)}


def in_ax(settings: SearcherSettings, problem: Problem) -> list[float]:
    """The model of `ax` in this process. The values found, in order."""
    model = AxModel(settings)
    points = list(settings.points)
    found = []
    for _ in range(problem.trials):
        if points:
            config = points.pop(0)
            model.begin(config)
        else:
            config = model.suggest()
        found.append(problem.value(config))
        model.tell(config, TrialOutcome("completed", {1: {GOAL.metric: found[-1]}}))
    if model.fallbacks:
        raise RuntimeError(f"Ax made no suggestion {model.fallbacks} times.")
    return found


def by_searcher(name: str, settings: SearcherSettings, problem: Problem) -> list[float]:
    """A searcher that answers at once, as Tune asks it. The values found, in order."""
    searcher = create_searcher(name, settings)
    found = []
    for index in range(problem.trials):
        config = searcher.suggest(f"t{index}")
        assert config is not None
        found.append(problem.value(config))
        result = {GOAL.metric: found[-1], "training_iteration": 1}
        searcher.on_trial_complete(f"t{index}", result)
    return found


METHODS: dict[str, tuple[Callable[[Problem], Given], Search]] = {
    "cold": (nothing, in_ax),
    "pooling": (as_results, in_ax),
    "best-first": (as_first_configs, in_ax),
    "multi-task": (as_sources, in_ax),
    "both": (partial(as_warm_start, "bayesian"), in_ax),
    "prior-right": (as_right_beliefs, in_ax),
    "prior-wrong": (as_wrong_beliefs, in_ax),
    "process": (nothing, partial(by_searcher, "gaussian-process")),
    "process-best-first": (as_first_configs, partial(by_searcher, "gaussian-process")),
    "process-sources": (as_sources, partial(by_searcher, "gaussian-process")),
    "process-both": (
        partial(as_warm_start, "gaussian-process"), partial(by_searcher, "gaussian-process"),
    ),
    "random": (nothing, partial(by_searcher, "random")),
    "random-best-first": (as_first_configs, partial(by_searcher, "random")),
}  # fmt: skip


def run(method: str, problem: Problem, seed: int) -> dict[str, Any]:
    """`regrets`: the least so far after each trial; `cpu_seconds`: of the whole run."""
    given, search = METHODS[method]
    began = time.process_time()
    settings = SearcherSettings(problem.space, (GOAL,), seed=seed, **given(problem))
    found = search(settings, problem)
    seconds = time.process_time() - began
    regrets = [min(found[: n + 1]) - problem.lowest for n in range(len(found))]
    return {"regrets": regrets, "cpu_seconds": round(seconds, 3)}
