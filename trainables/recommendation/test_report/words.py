"""What was found on the test part, in lines for a terminal."""

from collections.abc import Iterator

from automl_on_ray.trainables.recommendation.metrics import NDCG_AT, RECALL_AT
from automl_on_ray.trainables.recommendation.test_report.report import Compared, RecommendReport

SPELLED = {"ndcg": f"NDCG@{NDCG_AT}", "recall": f"Recall@{RECALL_AT}"}


def lines_of(report: RecommendReport) -> list[str]:
    """The comparison, and who is ahead."""
    return list(_lines(report))


def _lines(report: RecommendReport) -> Iterator[str]:
    split = "by time" if report.split == "time" else report.split
    yield (
        f"On the test part (split {split}), all {report.items:,} items ranked for each of "
        f"{report.users:,} users, {SPELLED[report.metric]} with 95 % intervals over users:"
    )
    width = max(len(one.name) for one in report.compared)
    other = next(name for name in SPELLED if name != report.metric)
    for one in report.compared:
        interval = one.interval
        yield (
            f"  {one.name:{width}}  {interval.value:.4f} [{interval.low:.4f}, {interval.high:.4f}]"
            f"  {SPELLED[other]} {one.scores[other]:.4f}  coverage {one.scores['coverage']:.1%}"
            f"  {one.seconds:.2g} s for 1,000 users"
        )
    config = [f"{key} = {_short(value)}" for key, value in report.found.config.items()]
    yield f"What was found: {', '.join(config)}."
    if report.same_as:
        yield f"It is {report.same_as} itself: no other model did better on the folds."
    for one in report.compared[:-1]:
        if one.name != report.same_as:
            yield verdict(one)


def verdict(one: Compared) -> str:
    """Whether what was found is ahead of this one."""
    lead = one.lead
    assert lead is not None
    told = f"in pairs of the same users {lead.value:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}]"
    if lead.low > 0:
        return f"What was found is better than {one.name}: {told}."
    if lead.high < 0:
        return f"{one.name[0].upper()}{one.name[1:]} is better than what was found: {told}."
    return f"What was found is not clearly better than {one.name}: {told}."


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
