"""A comparison, from the settings to its end: runs, table, figure, page, and a run of MLflow's."""

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from automl_on_ray.clusters import folder_named
from automl_on_ray.command_line import (
    NOT_TRACKED,
    console,
    quiet_libraries,
    same_command,
    step,
    user_errors_to_exit_codes,
)
from automl_on_ray.searchers import create_searcher
from automl_on_ray.studies.comparison.page import Findings, publish
from automl_on_ray.studies.comparison.record import Record, opened
from automl_on_ray.studies.comparison.runs import Run, Task, settings_of, tasks_of
from automl_on_ray.studies.comparison.settings import CompareSettings
from automl_on_ray.studies.comparison.standings import (
    Judge,
    Standing,
    expected_of_random,
    standings,
)
from automl_on_ray.studies.comparison.tables import tables_of
from automl_on_ray.studies.comparison.yardstick import Source, Yardstick
from automl_on_ray.studies.inputs import study_name
from automl_on_ray.tracking.reports import ComparisonReport
from automl_on_ray.tracking.store import check_tracking, default_uri


def compare_methods(asked: CompareSettings) -> None:
    """Run what was asked and is not kept yet; then show all that is kept of these methods.

    Exits with code 4 if MLflow does not have it.
    """
    with user_errors_to_exit_codes():
        quiet_libraries()
        asked.check()
        tracked = _by_training(asked) if asked.trains else _without_training(asked)
    if not tracked:
        raise SystemExit(NOT_TRACKED)


def _by_training(asked: CompareSettings) -> bool:
    from automl_on_ray.studies.comparison.by_training import compare_by_training  # and all of Ray

    return compare_by_training(asked)


def _without_training(asked: CompareSettings) -> bool:
    name = study_name(asked.name, "compare")
    storage = folder_named(asked.storage, "--storage")
    uri = asked.tracking_uri or default_uri(storage)
    with step("Reading what methods are compared on"):
        source = source_of(asked)
        yardstick = source.open()
    _check(asked, yardstick)
    check_tracking(uri, asked.experiment)
    with opened(storage / name, _identity(asked, yardstick), Run.of) as record:
        _run_all(asked, source, record)
        findings, metrics = conclude(asked, yardstick, record.rows, name)
        report = ComparisonReport(record.comparison_id, name, _params(asked, yardstick), metrics)
        return publish(findings, record.folder, report, uri, asked.experiment)


def source_of(asked: CompareSettings) -> Source:
    table = None if asked.table is None else str(Path(asked.table).expanduser().absolute())
    dataset = "cifar10" if asked.dataset is None else asked.dataset
    return Source(table, dataset, asked.function, asked.space, asked.objective)


def conclude(
    asked: CompareSettings, yardstick: Yardstick, rows: Sequence[Run], name: str
) -> tuple[Findings, dict[str, float]]:
    """The page of what was asked, and MLflow's metrics."""
    from automl_on_ray.studies.comparison.drawing import curves, picture  # seconds, of matplotlib

    wanted = set(tasks_of(asked.methods, asked.all_budgets, asked.all_seeds))
    runs = list({run.task: run for run in rows if run.task in wanted}.values())
    judge = Judge(
        yardstick.objectives,
        yardstick.every(),
        runs,
        asked.reference_of([o.sign() for o in yardstick.objectives]),
    )
    found = standings(judge, runs, asked.base)
    exact = {}
    if judge.known and not judge.several:
        exact = {
            budget: expected_of_random(judge.every, budget, judge.best)
            for budget in asked.all_budgets
            if budget <= len(judge.every)
        }
    tables = tables_of(
        found, base=asked.base, measures=judge.measures, exact=exact, timed=yardstick.times
    )
    goal = ", ".join(map(str, yardstick.objectives))
    title = f"{yardstick.name}: {goal}"
    figure = curves(judge, runs, title)
    notes = [*_notes(asked, yardstick, judge), *_failures(runs)]
    last = asked.all_seeds.stop - 1
    about = f"Seeds {asked.first_seed} to {last}. {same_command(name)}"
    svg, png = picture(figure, "svg"), picture(figure, "png")
    return Findings(title, about, tables, notes, svg, png), dict(_metrics(found))


def _check(asked: CompareSettings, yardstick: Yardstick) -> None:
    """UserError for a method that cannot be asked, before any run."""
    asked.reference_of([o.sign() for o in yardstick.objectives])
    for method in asked.methods:
        task = Task(method, asked.all_budgets[0], asked.first_seed)
        create_searcher(method, settings_of(yardstick, task))


def _identity(asked: CompareSettings, yardstick: Yardstick) -> dict[str, Any]:
    return {
        "on": yardstick.name, "results": yardstick.digest, "space": yardstick.space.describe(),
        "objective": [str(objective) for objective in yardstick.objectives],
        "pending": asked.pending,
    }  # fmt: skip


def _run_all(asked: CompareSettings, source: Source, record: Record[Run]) -> None:
    from automl_on_ray.studies.comparison.processes import completed

    done = {run.task for run in record.rows if not run.error}  # a fault may be mended by now
    every = list(tasks_of(asked.methods, asked.all_budgets, asked.all_seeds))
    tasks = [task for task in every if task not in done]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as shown:
        bar = shown.add_task("Runs", total=len(every), completed=len(every) - len(tasks))
        processes = min(asked.processes or os.cpu_count() or 1, max(1, len(tasks)))
        for run in completed(source, tasks, asked.pending, processes) if tasks else ():
            record.add(run, run.as_dict())
            shown.advance(bar)


def _notes(asked: CompareSettings, yardstick: Yardstick, judge: Judge) -> Iterator[str]:
    yield (
        "± and [ ] are 95 % intervals of the mean over seeds: Student's t, and for differences "
        "a paired bootstrap over the seeds that both methods have."
    )
    if judge.several:
        assert judge.box is not None
        signs = [objective.sign() for objective in yardstick.objectives]
        point = ", ".join(f"{s * v:.6g}" for s, v in zip(signs, judge.box.reference, strict=True))
        whose = "of all members" if judge.known else "of all that was found"
        yield f"The hypervolume is a share of that of the front {whose}, from the point ({point})."
    else:
        whose = "of all" if judge.known else "that any run found"
        yield f"Regret is how far the best found is below the best {whose}, in the objective."
    if "test" in judge.measures:
        yield "Test is that of the best by the objective, and never the best test seen."
    if judge.known and not judge.several:
        yield "Found after: evaluations until the best by the objective was seen, median and 90 %."
    if asked.pending > 1:
        order = "by the virtual clock" if yardstick.times else "in the order they began"
        yield f"{asked.pending} evaluations at once, each told when it ends, {order}: no rounds."
    if yardstick.times:
        yield "Hours are of the virtual clock, and an estimate: the table has no training times."


def _failures(runs: Sequence[Run]) -> Iterator[str]:
    for run in [run for run in runs if run.error][:3]:
        yield f"{run.method} with seed {run.seed} was ended by an error of its own: {run.error}."
    count = sum(run.failed for run in runs)
    if count:
        yield f"{count} evaluations failed; the methods were told so."


def _params(asked: CompareSettings, yardstick: Yardstick) -> dict[str, str]:
    return {
        "on": yardstick.name, "objective": ", ".join(map(str, yardstick.objectives)),
        "methods": ", ".join(asked.methods)[:5000], "base": asked.base,
        "pending": str(asked.pending),
    }  # fmt: skip


def _metrics(found: Sequence[Standing]) -> Iterator[tuple[str, float]]:
    for one in found:
        for measure, (mean, _, _) in one.scores.items():
            if math.isfinite(mean):
                yield f"{measure}/{one.budget}/{one.method}", mean
