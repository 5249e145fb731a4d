"""Hyperparameter optimisation: python workflows/hpo.py --help"""

import random
from contextlib import ExitStack

from ray import tune

from automl_on_ray.clusters import (
    AUTO,
    Resources,
    check_data,
    check_shared,
    check_workers,
    leave_a_stopped_ray,
    measured_share,
    share_out,
    start_ray,
    wait_for_workers,
)
from automl_on_ray.command_line import (
    command_of,
    quiet_libraries,
    run_command,
    user_errors_to_exit_codes,
)
from automl_on_ray.schedulers import scheduler_capabilities
from automl_on_ray.schedulers.populations import PopulationBased
from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies import (
    Budget,
    Progress,
    Row,
    conclude,
    resume_config,
    run_trials,
    say_how_to_go_on,
    traceback_kept,
)
from automl_on_ray.studies.hpo import HpoPlan, HpoSettings, prepare
from automl_on_ray.studies.inputs import bind, is_reusable, model_name, taken_of
from automl_on_ray.studies.populations import keep_lives, lives_of, proposals, seeds_along
from automl_on_ray.tracking import TrackingCallback


def run(asked: HpoSettings) -> None:
    """Tune hyperparameters on Ray Tune, with Ax's proposals, every trial tracked in MLflow.

    The best config is trained again with several seeds and tested once. Ctrl-C stops cleanly; the
    same command with the same --name goes on.
    """
    with user_errors_to_exit_codes(), ExitStack() as ends:
        quiet_libraries()
        ends.push(leave_a_stopped_ray)
        plan = prepare(asked)
        asked, study = plan.asked, ends.enter_context(plan.study)
        ends.enter_context(traceback_kept(study))
        budget = Budget(
            study.path / "spent.json", minutes=asked.minutes, cost=asked.cost,
            price_per_hour=asked.price_per_hour,
        )  # fmt: skip
        if asked.retry_failed:
            reopen(plan, budget)
        random.seed(asked.seed)  # Ray's PB2 draws from here
        named = [name.partition(":")[0] for name in (asked.trainable or "", asked.space)]
        start_ray(asked.address, modules=filter(None, [plan.klass.__module__, *named]))
        wait_for_workers(asked.address)
        check_shared(plan.storage)
        if plan.data:
            check_data(plan.offers)
        resources = share_out(
            slots=asked.slots, cpus=asked.cpus_per_trial, gpus=gpus_of_a_trial(plan)
        )
        check_workers(resources, train_workers=asked.train_workers)
        if not study.searched:
            with plan.tracker("trial") as tracking:
                search(plan, resources, budget, tracking)
        rows = [Row(**row) for row in study.read_rows()]
        recipe = plan.recipe
        conclude(
            study, plan.record, rows, klass=plan.klass, offers=plan.offers, data=plan.data,
            uri=plan.uri, tracker=plan.tracker, resources=resources, seeds=asked.final_seeds,
            epochs=asked.epochs_of_final, 
            register=asked.register or model_name("hpo", plan.record.dataset),
            ended_by=budget.reason, workers=asked.train_workers, max_failures=asked.max_failures,
            lives={row.trial_id: recipe for row in rows} if recipe else lives_of(study),
        )  # fmt: skip


def reopen(plan: HpoPlan, budget: Budget) -> None:
    """Have a search that has ended go on with its failed trials, if there are any.

    UserError if nothing is left to spend on them.
    """
    study = plan.study
    if study.searched and any(row["error"] for row in study.read_rows()):
        if budget.stop_all():
            raise UserError(f"No failed trial can be tried again: {budget.reason}.")
        study.reopen()


def gpus_of_a_trial(plan: HpoPlan) -> float | None:
    """Measured, if so asked."""
    if plan.gpus != AUTO:
        return plan.gpus
    taken = taken_of(plan.klass, plan.offers)
    return measured_share(plan.klass, taken, plan.space, cpus=plan.asked.cpus_per_trial)


def search(plan: HpoPlan, resources: Resources, budget: Budget, tracking: TrackingCallback) -> None:
    """The study itself; resumable. Leaves its rows in the study's folder.

    Exits with how to go on when it is interrupted.
    """
    asked, study, record, recipe = plan.asked, plan.study, plan.record, plan.recipe
    stage = study.stage("search")
    search_alg, param_space = (
        (None, seeds_along(recipe, asked.seed)) if recipe
        else proposals(plan.searcher, plan.space, asked.scheduler, asked.trials)
    )  # fmt: skip
    pausing = recipe is not None or scheduler_capabilities(asked.scheduler).pauses_trials
    surviving = ResumableScheduler(plan.scheduler, awaited=plan.awaited)
    resume = resume_config(stage, retry_failed=asked.retry_failed, trials=asked.trials)
    progress = Progress(
        f"{study.path.name}: {record.searcher} + {record.scheduler} on {record.dataset}, "
        f"{resources.slots} at once{', going on' if resume else ''}",
        objective=record.objectives[0], total=asked.trials, epochs=asked.epochs, budget=budget,
        awaited=True,
    )  # fmt: skip
    ran = run_trials(
        stage,
        tune.with_resources(bind(plan.klass, plan.offers), resources.per_trial),
        param_space,
        tune.TuneConfig(
            search_alg=search_alg,
            scheduler=surviving,
            num_samples=1 if recipe else asked.trials,
            # A limit would starve a scheduler that pauses trials until others catch up.
            max_concurrent_trials=asked.population if pausing else resources.slots,
            reuse_actors=is_reusable(plan.klass),
        ),
        epochs=asked.epochs,
        resume=resume,
        tracking=tracking,
        progress=progress,
        budget=budget,
        keep=scheduler_capabilities(asked.scheduler).checkpoints_to_keep,
        max_failures=asked.max_failures,
        trial_minutes=asked.trial_minutes,
        # A replay remembers nothing: it goes by the checkpoint that it begins with.
        remembered=None if recipe else surviving,
    )
    rows = ran.rows(asked.epochs)
    if ran.interrupted:
        tracking.study_end("stopped")
        say_how_to_go_on(study, rows, record.objectives)
    if isinstance(plan.scheduler, PopulationBased):
        surviving.awake()
        keep_lives(study, plan.scheduler, rows, record.objectives, tracking)
    tracking.study_end("completed" if study.is_there() else "failed")
    study.write_rows([row.as_dict() for row in rows])


hpo = command_of(run, HpoSettings)

if __name__ == "__main__":
    run_command(hpo)
