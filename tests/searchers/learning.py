"""Spaces of many equal decisions, and the way to drive a searcher over them."""

from collections.abc import Callable, Mapping
from typing import Any

from ray import tune

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.searchers import AskTellSearcher

BITS = SearchSpace("bits", training={f"b{i}": tune.choice([0, 1]) for i in range(10)})
LETTERS = SearchSpace("letters", training={f"l{i}": tune.choice([1, 2, 3, 4]) for i in range(12)})


def letters_right(config: Config) -> float:
    """How many decisions are 1."""
    return float(sum(value == 1 for value in config.values()))


def finish(searcher: AskTellSearcher, trial: str, value: float | Mapping[str, Any]) -> None:
    metrics = value if isinstance(value, Mapping) else {"score": value}
    searcher.on_trial_complete(trial, {**metrics, "training_iteration": 1})


def play(
    searcher: AskTellSearcher, trials: int, judge: Callable[[Config], Any], prefix: str = "t"
) -> list[Config]:
    """Configs of `trials` in a row, each told before the next is asked for."""
    configs = []
    for index in range(trials):
        configs.append(searcher.suggest(f"{prefix}{index}"))
        finish(searcher, f"{prefix}{index}", judge(configs[-1]))
    return configs


def check_goes_on_exactly(whole, again, state, *, trials, pending):
    """That one saved with `pending` trials goes on in another as if nothing had been."""
    play(whole, trials, letters_right)
    waiting = [whole.suggest(f"p{index}") for index in range(pending)]
    whole.save(str(state))
    again.restore(str(state))
    for searcher in (whole, again):
        for index, config in enumerate(waiting):
            finish(searcher, f"p{index}", letters_right(config))
    assert play(whole, 20, letters_right) == play(again, 20, letters_right)
