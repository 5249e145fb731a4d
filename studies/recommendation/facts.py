"""What was read of events and what will be done with them, told before anything starts."""

from collections.abc import Iterator, Sequence

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.facts_table import REMARK, aims, search_told
from automl_on_ray.studies.recommendation.settings import RecommendSettings
from automl_on_ray.trainables.recommendation import Events


def facts_told(
    events: Events, asked: RecommendSettings, objectives: Sequence[Objective]
) -> Iterator[tuple[str, str]]:
    """Lines of it, each with a word for what it is about."""
    seen, (tested, _) = events.seen(None), events.held(None)
    users, items, count = len(events.user_ids), len(events.item_ids), len(seen.users)
    yield "events", f"{count:,} to learn from, of {users:,} users and {items:,} items"
    density = count / max(1, users * items)
    yield "density", f"{density:.2%} of all pairs of a user and an item"
    yield "objective", f"{aims(objectives)}, of all items ranked for each user"
    yield "split", _of_split(events)
    if (core := events.asked.get("core") or 0) > 1:
        yield "filter", f"users and items with {core} events at least, in all parts together"
    asked_of = [len(events.held(fold)[0]) for fold in range(events.folds)]
    yield "judged by", f"{_listed(asked_of)} users in the folds, {len(tested):,} in the test part"
    for remark in events.remarks:
        yield REMARK, remark
    yield "search", search_told(asked)


def _of_split(events: Events) -> str:
    folds = f"{events.folds} fold{'s' * (events.folds != 1)}"
    if events.split == "time":
        return f"by time: the last events are the test part, those before it {folds}"
    return (
        f"{events.split}: each user's last item is the test part, those before it {folds}; leaky, "
        "as models know what others did later"
    )


def _listed(counts: Sequence[int]) -> str:
    return ", ".join(f"{count:,}" for count in counts)
