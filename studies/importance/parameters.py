"""The hyperparameters of a study that vary, as a table, a model or an axis takes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import finite

Declared: TypeAlias = Mapping[str, Mapping[str, Any]]  # as `SearchSpace.as_data` has it

# Positive numbers that span so much are on a log scale if nobody says, and if half of them are so
# small: of evenly drawn ones some are near 0 too.
LOG_FROM, LOG_HALF = 100.0, 0.2


@dataclass(frozen=True)
class Parameter:
    """Numbers between `low` and `high`, or `words`. `declared` are bounds of the space."""

    name: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    integer: bool = False
    words: tuple[str, ...] = ()
    declared: bool = False

    @property
    def columns(self) -> int:
        return len(self.words) or 1

    def unit(self, value: Any) -> float:
        """Where a number is between the bounds, 0 to 1; the middle for one that is missing."""
        if finite(value) is None or (self.log and value <= 0):
            return 0.5
        low, high, at = (np.log(x) if self.log else x for x in (self.low, self.high, value))
        return float(np.clip((at - low) / (high - low), 0, 1)) if high > low else 0.5

    def at(self, unit: float) -> Any:
        """The value there: of words, each has its part of the interval."""
        if self.words:
            return self.words[min(int(unit * len(self.words)), len(self.words) - 1)]
        if self.log:
            return float(np.exp(np.log(self.low) + unit * np.log(self.high / self.low)))
        return self.low + unit * (self.high - self.low)

    def codes(self, value: Any) -> list[float]:
        """As columns of a model: a number's place, or a one for the word that it is."""
        if self.words:
            return [float(word == word_of(value)) for word in self.words]
        return [self.unit(value)]


def parameters_of(configs: Sequence[Config], declared: Declared) -> list[Parameter]:
    """Those that vary, in the order of the configs; `declared` is what the space says of a key."""
    keys = dict.fromkeys(key for config in configs for key in config)
    found = []
    for key in keys:
        values = [config.get(key) for config in configs]
        if key != "seed" and len({repr(value) for value in values}) > 1:
            found.append(_parameter(key, values, declared.get(key, {})))
    return found


def declared_of(facts: Mapping[str, Any]) -> Declared:
    """The space of a recorded study; empty where it is not known, as of older studies."""
    found = facts.get("domains")
    return found if isinstance(found, dict) else {}


def encoded(parameters: Sequence[Parameter], configs: Iterable[Config]) -> np.ndarray:
    """(N, all columns) of N configs."""
    rows = [[c for p in parameters for c in p.codes(config.get(p.name))] for config in configs]
    return np.array(rows, dtype=float).reshape(len(rows), sum(p.columns for p in parameters))


def _parameter(key: str, values: Sequence[Any], domain: Mapping[str, Any]) -> Parameter:
    given = [value for value in values if value is not None]
    if not all(is_number(value) for value in given):
        return Parameter(key, words=tuple(sorted({word_of(value) for value in given})))
    integer = all(isinstance(value, int) for value in given)
    real = [value for value in given if finite(value) is not None] or [0.0]
    low, high = float(min(real)), float(max(real))
    if domain.get("kind") in ("int", "float"):
        whole = domain["kind"] == "int"
        ends = float(domain["low"]), float(domain["high"])
        return Parameter(key, *ends, domain["log"], whole, declared=True)
    wide = low > 0 and high / low >= LOG_FROM and float(np.median(real)) < LOG_HALF * high
    return Parameter(key, low, high, wide, integer)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def word_of(value: Any) -> str:
    return "–" if value is None else str(value)[:24]
