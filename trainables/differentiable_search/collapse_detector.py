"""Whether a differentiable search is collapsing, and what to do: rules over its measured history.

Cells of skip connections win in a supernet because they help it train, not because they are good
cells. Two published signs are looked at: the dominant eigenvalue of the Hessian of validation loss
with respect to alpha rises (Zela et al. 2020, arXiv:1909.09656, section 4.3), and skip connections
gather in the normal cell (Liang et al. 2019, arXiv:1909.06035). Those that alpha has chosen count:
of two operations an edge, chance alone makes more than two skip connections in six cells of seven.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automl_on_ray.search_spaces.core import check_choice

REMEDIES = ("warn", "stop", "regularise")
MAX_SKIPS = 2  # of the eight operations of a normal cell
LEAD = 1.25  # times the weight of an edge's next best operation: chosen, not drawn
EMPTY = ("skip_connect", "noise")  # S4's noise wins as skip connections do; pooling does work
RISE = 0.75  # the eigenvalue of before, as a share of the present one, below which it has risen
WINDOW = 5  # measurements: a mean is over so many, and compared with that of so many before
SETTLED = 0.2  # share of a search before which no rise counts: the weights begin to learn
STRONGER = 3.0  # times the weight decay, when it is raised
STRONGEST = 81.0  # times the weight decay at the start: Zela et al. tried as much, more diverges


@dataclass(frozen=True)
class EpochStatistics:
    """One epoch of a search.

    `skip_connections` are the derived normal cell's, noise among them; `chosen` those of them that
    alpha chose rather than chance. `eigenvalue` is nan where it was not measured.
    """

    epoch: int
    skip_connections: int
    chosen: int
    eigenvalue: float = math.nan


@dataclass(frozen=True)
class CollapseSign:
    """What is wrong, in words, and the last epoch at which nothing was."""

    reason: str
    healthiest: int


def check_remedy(remedy: str) -> None:
    """UserError with the list for an unknown one."""
    check_choice("remedy", remedy, REMEDIES)


def window_of(measurements: int) -> int:
    """The eigenvalue's window in a search of so many measurements: a fifth, 3 to WINDOW.

    The paper's own searches have 25 in 50 epochs. Searches of fewer than six never come to two
    windows: in so short a time the eigenvalue rises as the weights begin to learn, whatever the
    cells are.
    """
    return min(WINDOW, max(3, measurements // 5))


def examine(
    history: Sequence[EpochStatistics], *, since: int = 0, window: int = WINDOW, settled: int = 0
) -> CollapseSign | None:
    """What the newest epoch of `history` shows, if anything; epochs before `since` do not count.

    Epochs before alpha is trained belong to these: its random start means nothing. A rise of the
    eigenvalue from an epoch before `settled` is no finding.
    """
    counted = [vitals for vitals in history if vitals.epoch > since]
    return _skips(counted) or _eigenvalue(counted, window, settled)


def _skips(history: Sequence[EpochStatistics]) -> CollapseSign | None:
    """Back to the last epoch whose cell has few, or to the one that has fewest."""
    if not history or history[-1].chosen <= MAX_SKIPS:
        return None
    fewest = max(MAX_SKIPS, min(v.skip_connections for v in history))
    healthy = [v.epoch for v in history if v.skip_connections <= fewest]
    return CollapseSign(
        f"{history[-1].chosen} of the normal cell's 8 operations are skip connections or noise",
        healthy[-1],
    )


def _eigenvalue(
    history: Sequence[EpochStatistics], window: int, settled: int
) -> CollapseSign | None:
    measured = [v for v in history if math.isfinite(v.eigenvalue)][-2 * window :]
    if len(measured) < 2 * window:
        return None
    sizes = [abs(v.eigenvalue) for v in measured]
    before, now = sum(sizes[:window]) / window, sum(sizes[window:]) / window
    healthiest = measured[(window - 1) // 2].epoch  # in the middle of the earlier window
    if before >= RISE * now or healthiest < settled:
        return None
    return CollapseSign(
        f"the dominant eigenvalue of alpha's Hessian rose from {before:.3g} to {now:.3g}",
        healthiest,
    )
