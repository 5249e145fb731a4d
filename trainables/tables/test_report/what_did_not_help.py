"""Which models and steps were tried and were behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tried:
    """A trial with its out-of-fold `score`, None if it was cut before all folds were done."""

    trial: str
    config: Mapping[str, Any]
    score: float | None


@dataclass(frozen=True)
class Behind:
    """A `choice` such as `model = neighbours`: the best score of its trials, and what that lacks.

    `trials` did all folds; `cut` did not. Without any of the former there is no score.
    """

    choice: str
    best: float | None
    behind: float | None
    trials: int
    cut: int


def what_did_not_help(tried: Sequence[Tried], better: str) -> tuple[Behind, ...]:
    """Of each choice by word that the best trial did not make; models first, then far ones.

    `better` is "max" or "min", of the score.
    """
    sign = 1 if better == "max" else -1
    whole = [(sign * one.score, one) for one in tried if one.score is not None]
    if not whole:
        return ()
    reached, best = max(whole, key=lambda pair: pair[0])
    found = []
    for key in sorted({key for one in tried for key in one.config}):
        words = {str(one.config[key]) for one in tried if _is_word(one.config.get(key))}
        for word in sorted(words - {str(best.config.get(key))}):
            own = [one for one in tried if str(one.config.get(key)) == word]
            found.append((key, _behind(f"{key} = {word}", own, reached, sign)))
    found.sort(key=lambda item: (item[0] != "model", -(item[1].behind or 0), item[1].choice))
    return tuple(one for _, one in found)


def _behind(choice: str, own: Sequence[Tried], reached: float, sign: int) -> Behind:
    """`reached` by the best trial of all, and made such that more is better."""
    scores = [sign * one.score for one in own if one.score is not None]
    cut = len(own) - len(scores)
    if not scores:
        return Behind(choice, None, None, 0, cut)
    return Behind(choice, sign * max(scores), reached - max(scores), len(scores), cut)


def _is_word(value: Any) -> bool:
    return isinstance(value, str | bool)
