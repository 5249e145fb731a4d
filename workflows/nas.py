"""Neural architecture search with DARTS supernets: python workflows/nas.py --help"""

import random
from contextlib import ExitStack
from typing import Any

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
    console,
    quiet_libraries,
    run_command,
    user_errors_to_exit_codes,
)
from automl_on_ray.schedulers import scheduler_capabilities
from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.search_spaces.cells import genotype_text
from automl_on_ray.search_spaces.drawings import cell_text
from automl_on_ray.studies import (
    Budget,
    Progress,
    Row,
    conclude,
    once,
    resume_config,
    run_trials,
    say_how_to_go_on,
    traceback_kept,
)
from automl_on_ray.studies.architecture import (
    COMPARED,
    FOUND,
    MOST_RANDOM,
    OBJECTIVE,
    Candidate,
    Judged,
    NasPlan,
    NasSettings,
    Searched,
    best_rows,
    candidates_of,
    compare,
    end_stage,
    judge,
    keep_cell,
    prepare,
    print_judged,
    print_searched,
    random_candidates,
    search_pictures,
    searched_of,
)
from automl_on_ray.studies.inputs import bind, model_name, taken_of
from automl_on_ray.studies.populations import proposals
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables.image_classifier import ImageClassifier
from automl_on_ray.trainables.multi_process import alone


def run(asked: NasSettings) -> None:
    """Search a network's cells with DARTS supernets on Ray Tune, every trial tracked in MLflow.

    Supernets are searched, their cells trained briefly beside random ones, and the best cell is
    trained from scratch, tested once and registered. --minutes bounds the search. Ctrl-C stops
    cleanly; the same command with the same --name goes on.
    """
    with user_errors_to_exit_codes(), ExitStack() as ends:
        quiet_libraries()
        ends.push(leave_a_stopped_ray)
        plan = prepare(asked)
        ends.enter_context(plan.study)
        ends.enter_context(traceback_kept(plan.study))
        random.seed(asked.seed)  # Ray's PBT draws from here
        start_ray(asked.address, modules=[asked.space.partition(":")[0]])
        wait_for_workers(asked.address)
        check_shared(plan.storage)
        check_data(plan.offers)
        resources = share_out(
            slots=asked.slots, cpus=asked.cpus_per_trial, gpus=gpus_of_all_stages(plan)
        )
        check_workers(
            resources, search_workers=asked.search_workers, train_workers=asked.train_workers
        )
        folder = plan.study.path

        # 1. Search, unless the cells were given.
        seconds, failed, found, tried = 0.0, [], [], []
        if plan.given:
            found = [Candidate(cell, name) for name, cell in plan.given.items()]
        else:
            with plan.tracker(plan.judging.role) as tracking:
                stored = once(folder / FOUND, lambda: search(plan, resources, tracking))
            searched = [Searched.from_dict(one) for one in stored["trials"]]
            seconds = stored["seconds"]
            tried = [one.row for one in searched]
            failed = [row for row in tried if row.outcome == "failed"]
            found = candidates_of(searched, plan.judging.objective, most=asked.candidates)
            print_searched(searched, plan.judging)
        if not found or asked.stage == "search":
            end_stage(
                failed, nothing=not found, rows=tried, objective=plan.judging.objective,
                tracked=plan.tracker("trial").send_rest(),
            )  # fmt: skip
            return

        # 2. Select: these cells by themselves, with random ones beside them.
        with plan.tracker("trial") as tracking:
            compared = once(
                folder / COMPARED, lambda: compare(plan, found, seconds, resources, tracking)
            )
        rows = [Row(**row) for row in compared["rows"]]
        failed += [row for row in rows if row.outcome == "failed"]
        judged = judge_all(plan, found, rows)
        print_judged(judged, plan.judging.objective, compared["seconds"])
        if not judged or asked.stage == "select":
            end_stage(
                failed, nothing=not judged, rows=rows, objective=OBJECTIVE,
                tracked=plan.tracker("trial").send_rest(),
            )  # fmt: skip
            return

        # 3. Train the winner from scratch, test it once. 4. Keep it.
        winner = judged[0].candidate
        console.print(cell_text(winner.cell))
        console.print(genotype_text(winner.cell), soft_wrap=True)
        keep_cell(plan.tracker("trial"), winner, folder / "pictures")
        conclude(
            plan.study, plan.record, [*best_rows(judged), *failed], klass=ImageClassifier,
            offers=plan.offers, data=plan.data, uri=plan.uri, tracker=plan.tracker,
            resources=resources, seeds=asked.seeds, epochs=asked.epochs,
            register=asked.register or model_name("nas", plan.record.dataset), ended_by=None,
            show_trials=False, workers=asked.train_workers, max_failures=asked.max_failures,
        )  # fmt: skip


def gpus_of_all_stages(plan: NasPlan) -> float | None:
    """Where measured, by the more demanding of a trial of the search and the winner's training."""
    if plan.gpus != AUTO:
        return plan.gpus
    judging = plan.judging
    trained = ((alone(judging.klass), judging.offers), (ImageClassifier, plan.offers))
    return max(
        measured_share(
            klass, taken_of(klass, dict(offers)), offers["space"], cpus=plan.asked.cpus_per_trial
        )
        for klass, offers in trained
    )


def search(plan: NasPlan, resources: Resources, tracking: TrackingCallback) -> dict[str, Any]:
    """Trials of what the searcher proposes: supernets, or cells by themselves; resumable.

    Exits with how to go on when it is interrupted.
    """
    asked, judging, study = plan.asked, plan.judging, plan.study
    stage = study.stage("search")
    budget = Budget(
        study.path / "spent.json", minutes=asked.minutes, cost=None, price_per_hour=None
    )
    search_alg, param_space = proposals(
        plan.searcher, judging.space, asked.scheduler, judging.samples
    )
    pausing = scheduler_capabilities(asked.scheduler).pauses_trials
    surviving = ResumableScheduler(plan.scheduler, awaited=[judging.objective.metric])
    resume = resume_config(stage, retry_failed=asked.retry_failed, trials=judging.samples)
    progress = Progress(
        f"{study.path.name}: 1. search, {asked.searcher} + {asked.scheduler} on "
        f"{plan.record.dataset}, {resources.slots} at once{', going on' if resume else ''}",
        objective=judging.objective, total=judging.samples, epochs=judging.epochs, budget=budget,
    )  # fmt: skip
    ran = run_trials(
        stage,
        tune.with_resources(
            bind(judging.klass, dict(judging.offers)), resources.of(judging.workers)
        ),
        param_space,
        tune.TuneConfig(
            search_alg=search_alg,
            scheduler=surviving,
            num_samples=judging.samples,
            max_concurrent_trials=None if pausing else resources.at_once(judging.workers),
            reuse_actors=True,
        ),
        epochs=judging.epochs,
        resume=resume,
        tracking=tracking,
        progress=progress,
        budget=budget,
        keep=scheduler_capabilities(asked.scheduler).checkpoints_to_keep,
        max_failures=asked.max_failures,
        trial_minutes=asked.trial_minutes,
        remembered=surviving,
    )
    if budget.reason:
        console.print(f"The search has ended, as {budget.reason}.")
    searched = [
        searched_of(trial, max_t=judging.epochs, stopped=trial.trial_id in ran.stopped)
        for trial in ran.trials
    ]
    if judging.role == "supernet":
        with console.status("Drawing the searches"):
            for trial in ran.trials:
                pictures = search_pictures(trial, study.path / "pictures" / trial.trial_id)
                tracking.trial_files(trial.trial_id, pictures)
    tracking.study_end("stopped")  # the study goes on with the next stage
    if ran.interrupted:
        say_how_to_go_on(study, [one.row for one in searched], [judging.objective])
    return {"trials": [one.as_dict() for one in searched], "seconds": budget.clock_seconds}


def judge_all(plan: NasPlan, found: list[Candidate], rows: list[Row]) -> list[Judged]:
    """The cells of the search and the random ones, best first."""
    count = plan.asked.random_cells
    control = random_candidates(
        plan.cells, count=MOST_RANDOM if count is None else count, without=found,
        seed=plan.asked.seed,
    )  # fmt: skip
    return judge([*found, *control], rows, OBJECTIVE, seeds=plan.asked.select_seeds)


nas = command_of(run, NasSettings)

if __name__ == "__main__":
    run_command(nas)
