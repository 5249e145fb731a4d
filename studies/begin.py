"""Begins a study: checks plan and models, starts Ray, gives each trial its share."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from automl_on_ray.clusters import (
    AUTO,
    Resources,
    assign_resources,
    check_data,
    check_shared,
    check_workers,
    joins_cluster,
    leave_a_stopped_ray,
    measured_share,
    start_ray,
    wait_for_workers,
)
from automl_on_ray.command_line import (
    is_python_call,
    quiet_libraries,
    step,
    user_errors_to_exit_codes,
)
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.finish import Notice
from automl_on_ray.studies.inputs import taken_of
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.settings import StudySettings
from automl_on_ray.studies.unexpected_errors import traceback_kept
from automl_on_ray.trainables.multi_process import alone

Plan = TypeVar("Plan", bound=StudyPlan)
Settings = TypeVar("Settings", bound=StudySettings)


@contextmanager
def begun(prepare: Callable[[Settings], Plan], asked: Settings) -> Iterator[tuple[Plan, Resources]]:
    """What `prepare` makes of the settings, and what each trial gets of the running Ray.

    The study is held until the end; whatever ends it is told in a line, with an exit code.
    """
    with Notice() as notice, user_errors_to_exit_codes(), ExitStack() as ends:
        quiet_libraries()
        ends.push(leave_a_stopped_ray)
        notice.plan = plan = prepare(asked)
        ends.enter_context(plan.study)
        ends.enter_context(traceback_kept(plan.study))
        if plan.asked.retry_failed:
            _reopen(plan)
        _go_on_with_more(plan)
        _check_models(plan)
        random.seed(plan.asked.seed)  # Ray's PBT and PB2 draw from here
        own = [plan.klass.__module__, *plan.asked.modules_named()]
        if is_python_call():  # what the program has beside it; it may have wrapped its function
            own.append("__main__")
        with step("Joining the cluster" if joins_cluster(plan.asked.address) else "Starting Ray"):
            start_ray(plan.asked.address, modules=filter(None, own))
        wait_for_workers(plan.asked.address)
        with step("Checking that all machines see storage and data"):
            check_shared(plan.storage)
            if plan.data:
                check_data(plan.data.keywords())
        resources = assign_resources(
            slots=plan.asked.slots, cpus=plan.asked.cpus_per_trial, gpus=_gpus_of_a_trial(plan)
        )
        check_workers(
            resources,
            search_workers=plan.asked.search_workers,
            train_workers=plan.asked.train_workers,
        )
        yield plan, resources


def _check_models(plan: StudyPlan) -> None:
    """UserError if the library of a model that proposes configs lacks what is used of it."""
    parts = () if plan.study.searched else (plan.searcher, plan.scheduler)
    for get_ready in filter(None, (getattr(part, "get_ready", None) for part in parts)):
        with step("Setting up the model"):
            get_ready()


def _reopen(plan: StudyPlan) -> None:
    """Have a search that has ended go on with its failed trials, if there are any.

    UserError if nothing is left to spend on them.
    """
    study = plan.study
    if study.searched and any(row["error"] for row in study.read_rows()):
        budget = plan.budget()
        if budget.stop_all():
            raise UserError(f"No failed trial can be tried again: {budget.reason}.")
        study.reopen()


def _go_on_with_more(plan: StudyPlan) -> None:
    """Have a search that its budget has ended go on, where more is given now."""
    budget = plan.budget()
    if plan.study.searched and budget.ended and not budget.stop_all():
        plan.study.reopen()


def _gpus_of_a_trial(plan: StudyPlan) -> float | None:
    """Where measured, by the more demanding: a trial of the search, or of the final training."""
    if plan.gpus != AUTO:
        return plan.gpus
    searched = alone(plan.evaluation.klass), dict(plan.evaluation.trial_kwargs)
    trained = [searched, (plan.klass, plan.trial_kwargs)]
    if trained[0] == trained[1]:
        trained.pop()
    with step("Measuring how much of a GPU a trial needs"):
        return max(
            measured_share(
                klass,
                taken_of(klass, trial_kwargs),
                trial_kwargs["space"],
                cpus=plan.asked.cpus_per_trial,
            )
            for klass, trial_kwargs in trained
        )
