"""How near two data sets are by what is cheap to know of them: names, kinds and sizes."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from automl_on_ray.tracking.store import EarlierData

PASSED_OVER = frozenset({"digest", "split", "target", "left out", "missing"})  # tell no size


def distance(one: EarlierData, other: EarlierData) -> tuple[float, float, float]:
    """Less is nearer: whether the names differ, then the kinds, then the mean ratio of sizes.

    Kinds are compared by which facts there are, and by words such as that of a table's task. Sizes
    are numbers of rows, columns, classes or pixels, by logarithms of base e. As FLAML's zero-shot
    choice does with four of them (Wang, Wu, Weimer, Zhu 2021).
    """
    first, second = _sizes(one.facts), _sizes(other.facts)
    both = first.keys() & second.keys()
    every = first.keys() | second.keys()
    words, others = _words(one.facts), _words(other.facts)
    differing = len(every - both) + sum(words.get(k) != others.get(k) for k in {**words, **others})
    told = len(every) + len({**words, **others})
    gaps = [abs(first[key] - second[key]) for key in both]
    return (
        float(one.name != other.name),
        differing / told if told else 1.0,
        sum(gaps) / len(gaps) if gaps else math.inf,
    )


def _words(facts: Mapping[str, Any]) -> dict[str, str]:
    told = facts.items()
    return {key: value for key, value in told if isinstance(value, str) and key not in PASSED_OVER}


def _sizes(facts: Mapping[str, Any]) -> dict[str, float]:
    """Logarithms, by the fact's name."""
    counts: dict[str, float] = {}
    for key, value in facts.items():
        if key not in PASSED_OVER:
            counts |= _counts(key, value)
    return {key: math.log(count) for key, count in counts.items() if 0 < count < math.inf}


def _counts(key: str, value: Any) -> dict[str, float]:
    """Of a list of names how many, of a list of numbers each, of counts by name their sum too."""
    if _is_number(value):
        return {key: value}
    if isinstance(value, Mapping):
        return {f"number of {key}": len(value), **_sum(key, value.values())}
    if isinstance(value, list | tuple):
        if value and all(map(_is_number, value)):
            return {f"{key} {place}": number for place, number in enumerate(value)}
        return {f"number of {key}": len(value)}
    return {}


def _sum(key: str, values: Collection[Any]) -> dict[str, float]:
    return {key: sum(values)} if all(map(_is_number, values)) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
