"""Ends one trial of a study that runs, here or on another machine that sees its folder."""

import time
from collections.abc import Callable

from automl_on_ray.search_spaces.core import UserError, near_miss
from automl_on_ray.studies.results import StopRequests, StoredStudy

RUNNING = "running"


def ask_to_stop(
    trial_id: str, read: Callable[[], StoredStudy], *, patience: float = 20.0, pause: float = 0.5
) -> bool:
    """Whether it has ended within `patience` seconds; the study's loop looks once a second.

    UserError if the study does not run, or has no such trial at work. `read` reads it.
    """
    study = read()
    if study.state != RUNNING:
        raise UserError(f"Study {study.name!r} does not run ({study.state}): nothing to stop.")
    at_work = [t.trial_id for t in study.recorded.trials if t.outcome == RUNNING]
    if trial_id not in at_work:
        known = {trial.trial_id: trial.outcome for trial in study.recorded.trials}
        was = f" ({known[trial_id]})" if trial_id in known else near_miss(trial_id, at_work)
        there = f"At work are: {', '.join(at_work)}." if at_work else "None is at work now."
        raise UserError(f"Trial {trial_id!r} of {study.name!r} is not at work{was}. {there}")
    try:
        StopRequests(study.path).ask(trial_id)
    except OSError as error:
        raise UserError(f"{study.path} cannot be written to: {error.strerror}.") from error
    return _has_ended(trial_id, read, time.monotonic() + patience, pause)


def _has_ended(
    trial_id: str, read: Callable[[], StoredStudy], deadline: float, pause: float
) -> bool:
    while time.monotonic() < deadline:
        time.sleep(pause)
        if any(t.trial_id == trial_id and t.outcome != RUNNING for t in read().recorded.trials):
            return True
    return False
