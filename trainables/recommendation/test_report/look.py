"""The one look at the test part: what was found beside the classical methods."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from automl_on_ray.search_spaces import Config
from automl_on_ray.trainables.recommendation.events import Events
from automl_on_ray.trainables.recommendation.metrics import NDCG_AT, per_user, scores
from automl_on_ray.trainables.recommendation.models import Recommender
from automl_on_ray.trainables.recommendation.ranking import Ranked, rank
from automl_on_ray.trainables.recommendation.test_report.report import (
    Activity,
    Compared,
    Interval,
    RecommendReport,
    Shown,
)

FOUND = "found"
OF_USERS = ("ndcg", "recall")  # metrics that each user has
REPEATS = 2000
AT_ONCE = 4_000_000  # numbers that a block of repeats has in memory
PARTS = 4  # of the users, by how many events they had
MOST = 10  # items


def look_at_test(
    events: Events,
    fitted: Mapping[str, Recommender],
    configs: Mapping[str, Config],
    *,
    metric: str = "ndcg",
    seed: int = 0,
) -> RecommendReport:
    """Of recommenders by name, all `fitted` before the test part; to be called once.

    The last is what was found. `metric` is one of `OF_USERS`.
    """
    seen, (users, held) = events.seen(None), events.held(None)
    ranked = {name: rank(one, seen, users) for name, one in fitted.items()}
    values = {name: per_user(one.items, held)[metric] for name, one in ranked.items()}
    found = list(fitted)[-1]
    same = [name for name in fitted if name != found and configs[name] == configs[found]]
    history = np.diff(seen.matrix().indptr)[users]
    return RecommendReport(
        metric=metric,
        split=events.split,
        users=len(users),
        items=seen.item_count,
        compared=_compared(ranked, values, configs, held, seed),
        same_as=same[0] if same else None,
        activity=_by_activity(history, values),
        shown=_shown(ranked[found].items, seen.matrix(), events.item_ids),
    )


def bootstrap(values: np.ndarray, seed: int, repeats: int = REPEATS) -> Interval:
    """A percentile interval (Efron 1979) of the mean of (n,), drawn with replacement."""
    generator, n = np.random.default_rng(seed), len(values)
    block = max(1, AT_ONCE // n)
    means = [
        values[generator.integers(0, n, (min(block, repeats - start), n))].mean(axis=1)
        for start in range(0, repeats, block)
    ]
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))


def _compared(
    ranked: Mapping[str, Ranked],
    values: Mapping[str, np.ndarray],
    configs: Mapping[str, Config],
    held: sparse.csr_matrix,
    seed: int,
) -> tuple[Compared, ...]:
    found = list(ranked)[-1]
    return tuple(
        Compared(
            name,
            dict(configs[name]),
            scores(one.items, held),
            bootstrap(values[name], seed),
            None if name == found else bootstrap(values[found] - values[name], seed),
            one.seconds,
        )
        for name, one in ranked.items()
    )


def _by_activity(history: np.ndarray, values: Mapping[str, np.ndarray]) -> tuple[Activity, ...]:
    """Parts of about as many users each, from those with few events to those with many."""
    ends = np.unique(np.quantile(history, np.arange(1, PARTS + 1) / PARTS, method="higher"))
    part = np.searchsorted(ends, history)
    return tuple(
        Activity(
            int(history[part == at].min()),
            int(history[part == at].max()),
            int((part == at).sum()),
            {name: float(own[part == at].mean()) for name, own in values.items()},
        )
        for at in range(len(ends))
    )


def _shown(
    items: np.ndarray, known: sparse.csr_matrix, item_ids: Sequence[str]
) -> tuple[Shown, ...]:
    first = items[:, :NDCG_AT]
    counts = np.bincount(first[first >= 0], minlength=known.shape[1])
    shares: Any = np.asarray(known.sum(axis=0)).ravel() / known.shape[0]
    order = [at for at in np.argsort(-counts, kind="stable")[:MOST] if counts[at]]
    return tuple(
        Shown(item_ids[at], float(counts[at] / len(items)), float(shares[at])) for at in order
    )
