"""A scheduler by its name, and which searchers it goes with."""

from dataclasses import dataclass

from ray.tune.schedulers import TrialScheduler

from automl_on_ray.schedulers._settings import SchedulerSettings
from automl_on_ray.search_spaces.core import UserError, find


@dataclass(frozen=True)
class Traits:
    """`pauses_trials`: more trials are alive than slots. `searchers`: None means all.

    `keep` checkpoints a trial, the newest; None means all.
    """

    pauses_trials: bool
    searchers: tuple[str, ...] | None
    keep: int | None


def traits(name: str) -> Traits:
    module = find("schedulers", name, kind="scheduler")
    return Traits(
        getattr(module, "PAUSES_TRIALS", False),
        getattr(module, "SEARCHERS", None),
        getattr(module, "KEEP", 3),
    )


def check_pair(scheduler: str, searcher: str) -> None:
    """UserError if Ray refuses the two together; names the nearest pair that works."""
    allowed = traits(scheduler).searchers
    if allowed is not None and searcher not in allowed:
        raise UserError(
            f"Ray's {scheduler} proposes new values itself and refuses searchers that learn from "
            f"results, as {searcher!r} does. The nearest pairs that work: --scheduler {scheduler} "
            f"--searcher {allowed[-1]}, or --scheduler asha --searcher {searcher}."
        )


def create_scheduler(name: str, settings: SchedulerSettings) -> TrialScheduler:
    """UserError if the name is unknown or the space gives the scheduler nothing to do."""
    scheduler: TrialScheduler = find("schedulers", name, kind="scheduler").create(settings)
    return scheduler
