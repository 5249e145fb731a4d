"""Which schedulers go with which searchers."""

from automl_on_ray.schedulers import (
    SchedulerCapabilities,
    scheduler_capabilities,
    schedulers_that,
)
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers import (
    SearcherCapabilities,
    searcher_capabilities,
    searchers_that,
)


def check_pair(scheduler: str, searcher: str) -> None:
    """UserError if the two do not go together, with the nearest pairs that do."""
    judges, proposes = scheduler_capabilities(scheduler), searcher_capabilities(searcher)
    if _go_together(judges, proposes):
        return
    searchers = searchers_that(lambda other: _go_together(judges, other), near=searcher)
    schedulers = schedulers_that(lambda other: _go_together(other, proposes), near=scheduler)
    pairs = [(scheduler, other) for other in searchers[:1]]
    pairs += [(other, searcher) for other in schedulers[:1]]
    nearest = " or ".join(f"--scheduler {one} --searcher {other}" for one, other in pairs)
    raise UserError(
        f"--scheduler {scheduler} needs all configs before the first trial runs, but --searcher "
        f"{searcher} learns from results. The nearest that work: {nearest}."
    )


def _go_together(scheduler: SchedulerCapabilities, searcher: SearcherCapabilities) -> bool:
    return not (scheduler.needs_all_configs_at_once and searcher.learns_from_results)
