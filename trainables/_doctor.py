"""Whether a differentiable search is collapsing, and what to do: rules over its measured history.

Cells of skip connections win in a supernet because they help it train, not because they are good
cells. Two published signs are looked at: the dominant eigenvalue of the Hessian of validation loss
with respect to alpha rises (Zela et al. 2020, arXiv:1909.09656, section 4.3), and skip connections
gather in the normal cell (Liang et al. 2019, arXiv:1909.06035).
"""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from search_spaces._errors import UserError

REMEDIES = ("warn", "stop", "regularise")
MOST_SKIPS = 2  # of the eight operations of a normal cell
RISE = 0.75  # the eigenvalue of before, as a share of the present one, below which it has risen
WINDOW, LAG = 3, 2  # measurements: a mean is over so many, and compared with that of so many before
STRONGER = 3.0  # times the weight decay, when it is raised


@dataclass(frozen=True)
class Vitals:
    """One epoch of a search. `eigenvalue` is nan where it was not measured."""

    epoch: int
    skip_connections: int
    eigenvalue: float = math.nan


@dataclass(frozen=True)
class Finding:
    """What is wrong, in words, and the last epoch at which nothing was."""

    reason: str
    healthiest: int


def check_remedy(remedy: str) -> None:
    """UserError with the list for an unknown one."""
    if remedy not in REMEDIES:
        near = difflib.get_close_matches(remedy, REMEDIES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UserError(f"Unknown remedy {remedy!r}.{hint} There are: {', '.join(REMEDIES)}.")


def examine(history: Sequence[Vitals], *, since: int = 0) -> Finding | None:
    """What the newest epoch of `history` shows, if anything; epochs before `since` do not count.

    Epochs before alpha is trained belong to these: its random start means nothing.
    """
    counted = [vitals for vitals in history if vitals.epoch > since]
    return _skips(counted) or _eigenvalue(counted)


def _skips(history: Sequence[Vitals]) -> Finding | None:
    if not history or history[-1].skip_connections <= MOST_SKIPS:
        return None
    healthy = [v.epoch for v in history if v.skip_connections <= MOST_SKIPS]
    count = history[-1].skip_connections
    return Finding(
        f"{count} of the normal cell's 8 operations are skip connections",
        healthy[-1] if healthy else history[0].epoch,
    )


def _eigenvalue(history: Sequence[Vitals]) -> Finding | None:
    measured = [v for v in history if math.isfinite(v.eigenvalue)]
    if len(measured) < WINDOW + LAG:
        return None
    sizes = [abs(v.eigenvalue) for v in measured]
    now = sum(sizes[-WINDOW:]) / WINDOW
    before = sum(sizes[-WINDOW - LAG : -LAG]) / WINDOW
    if before >= RISE * now:
        return None
    return Finding(
        f"the dominant eigenvalue of alpha's Hessian rose from {before:.3g} to {now:.3g}",
        measured[-1 - LAG].epoch,
    )
