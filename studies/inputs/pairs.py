"""Which schedulers go with which searchers, and with which options."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

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

# By its field what a scheduler must be able to, that an option be of use.
OPTIONS = {
    "explore": "takes_explorer",
    "synchronous": "takes_synchronous",
    "population": "takes_population",
    "interval": "takes_interval",
}


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


def check_heeded(scheduler: str, given: Mapping[str, Any]) -> None:
    """UserError for options that the scheduler has no use for; `given` by their fields.

    Settings of some kinds of studies lack a few of these.
    """
    for option, capability in OPTIONS.items():
        asked = given.get(option)
        unasked = asked is None or asked is False  # an interval of 0 was asked for
        if not unasked and not getattr(scheduler_capabilities(scheduler), capability):
            able = schedulers_that(attrgetter(capability), near=scheduler)
            raise UserError(
                f"--{option} is for --scheduler {' or '.join(able)}; {scheduler!r} has no use "
                "for it."
            )


def check_fold_scheduler(name: str) -> None:
    """UserError for one that changes a trial's config: its folds are of one config."""
    if scheduler_capabilities(name).changes_running_trials:
        raise UserError(
            f"--scheduler {name} changes trials while they run, but a trial here is one config on "
            "all folds; use asha, hyperband, median-stopping or fifo."
        )
