"""Events in order of time, and which part each is in."""

import numpy as np

from automl_on_ray.search_spaces.core import UserError

TIME, LEAVE_LAST_OUT = "time", "leave-last-out"
SPLITS = (TIME, LEAVE_LAST_OUT)
SHARE = 0.1  # of the events, in each part that is held out in time
MOST_FOLDS = 8  # so that a tenth at least is before them all


def in_order(times: np.ndarray | None, count: int, seed: int) -> np.ndarray:
    """Positions of events in order of `times`; those at the same time in an order by chance.

    The rows of a file may be sorted by item, or by rating: their order would tell what came last,
    where time does not. Without times the rows' order is all there is.
    """
    if times is None:
        return np.arange(count)
    chance = np.random.default_rng(seed).random(count)
    return np.lexsort((chance, times))


def parts_in_time(times: np.ndarray, folds: int) -> np.ndarray:
    """(n,) parts of sorted `times`: 0 is the last tenth, 1 the one before, ..., folds + 1 the rest.

    Events of one time are in one part, the later one. UserError where that leaves one empty.
    """
    n = len(times)
    parts = np.full(n, folds + 1, np.int8)
    for part in range(folds, -1, -1):
        start = min(int(np.ceil(n * (1 - SHARE * (part + 1)))), n - 1)
        parts[np.searchsorted(times, times[start]) :] = part
    if len(np.unique(parts)) < folds + 2:
        raise UserError(
            f"The {n} events have {len(np.unique(times))} different times, too few to part them "
            f"into {folds} folds and a test part of a tenth each: give fewer folds, finer times, "
            "or --split leave-last-out."
        )
    return parts


def parts_by_user(users: np.ndarray, folds: int) -> np.ndarray:
    """(n,) parts of events in order of time: 0 is each user's last, 1 the last but one, ...

    A user's first event is never held out. UserError where a part would be empty.
    """
    order = np.argsort(users, kind="stable")
    counts = np.bincount(users)
    ends = np.repeat(np.cumsum(counts), counts)
    from_end = np.empty(len(users), np.int64)
    from_end[order] = ends - 1 - np.arange(len(users))
    first = from_end == (counts - 1)[users]
    parts = np.where(first, folds + 1, np.minimum(from_end, folds + 1)).astype(np.int8)
    if counts.max() < folds + 2:
        raise UserError(
            f"No user has {folds + 2} events, one for the test part, one for each of {folds} folds "
            "and one to learn from: give fewer folds."
        )
    return parts
