"""A comparison by real training: searches by the engine, then the same retraining for all.

Each search is a study of its own, NAME-METHOD-SEED, which other commands show too. NAME-retraining
is the study that trains their best configs anew, on train and validation data, and tests them.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from ray.tune.search.basic_variant import BasicVariantGenerator

from automl_on_ray.clusters import folder_named
from automl_on_ray.command_line import FAILED_TRIALS, NOT_TRACKED, console
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError, is_uri, parse_objectives
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.studies.begin import begun
from automl_on_ray.studies.comparison.by_training.protocol import Trained, findings_of
from automl_on_ray.studies.comparison.by_training.recipes import RetrainingRecipe, read_recipes
from automl_on_ray.studies.comparison.by_training.trained import (
    Retrained,
    Searched,
    TrainingRow,
    read_row,
    row_as_dict,
)
from automl_on_ray.studies.comparison.page import publish
from automl_on_ray.studies.comparison.record import Record, opened
from automl_on_ray.studies.comparison.runs import Task, tasks_of
from automl_on_ray.studies.comparison.settings import CompareSettings
from automl_on_ray.studies.hpo import HpoSettings, prepare, tune_hyperparameters
from automl_on_ray.studies.inputs import (
    bind,
    check_study,
    final_objectives,
    find_space,
    find_trainable,
    is_reusable,
    objectives_of,
)
from automl_on_ray.studies.trial_rows import Row, scored
from automl_on_ray.studies.tuner import StagePlan, run_stage
from automl_on_ray.tracking.reports import ComparisonReport
from automl_on_ray.tracking.store import check_tracking, default_uri

TRACKED_OR_NOT = (None, 0, FAILED_TRIALS, NOT_TRACKED)  # codes of a search that has ended


def compare_by_training(asked: CompareSettings) -> bool:
    """Whether MLflow has it. UserError for what its user can mend; exits where it is stopped."""
    space, goal, recipes = _checked(asked)
    assert asked.name is not None
    folder = folder_named(asked.storage, "--storage") / asked.name
    uri = asked.tracking_uri or default_uri(folder.parent)
    check_tracking(uri, asked.experiment)
    with opened(folder, _identity(asked, space, goal, recipes), read_row) as record:
        tasks = list(tasks_of(asked.methods, asked.all_budgets, asked.all_seeds))
        for number, task in enumerate(tasks, 1):
            if not any(isinstance(row, Searched) and row.task == task for row in record.rows):
                told = f"Search {number} of {len(tasks)}: {task.method}, seed {task.seed}"
                console.print(told, style="bold")
                _search(asked, task, goal, record)
        rows = [row for row in record.rows if isinstance(row, Searched) and row.task in tasks]
        found = [row for row in rows if row.found]
        for recipe in recipes:
            _retrain(asked, recipe, found, record)
        trained = Trained(asked, goal, recipes, record.rows)
        params = {
            "space": asked.space or "", "dataset": asked.images,
            "methods": ", ".join(asked.methods), "base": asked.base,
            "recipes": ", ".join(recipe.name for recipe in recipes),
        }  # fmt: skip
        report = ComparisonReport(record.comparison_id, asked.name, params, dict(trained.metrics()))
        return publish(findings_of(trained, asked.name), folder, report, uri, asked.experiment)


def _checked(
    asked: CompareSettings,
) -> tuple[SearchSpace, Objective, list[RetrainingRecipe]]:
    """UserError for what cannot be, before anything is started."""
    if asked.space is None:
        raise UserError("Give --table, --function, or a --space for real training.")
    if asked.name is None:
        raise UserError("Real training takes a while: give it a --name, by which it can go on.")
    if is_uri(asked.storage):
        raise UserError("A comparison is kept in a folder: give one as --storage, no bucket.")
    if len(asked.all_budgets) > 1 or asked.pending > 1 or asked.reference is not None:
        raise UserError(
            "Real training takes one number of trials as --budgets, and neither --pending "
            "(--slots says how many run at once) nor --reference."
        )
    if len(parse_objectives(asked.objective)) > 1:
        raise UserError("Real training compares methods by one objective; leave the others out.")
    space = find_space(asked.space)
    (goal,) = objectives_of(asked.objective, find_trainable(None))
    for method in asked.methods:
        check_study(_study_name(asked, Task(method, 1, asked.all_seeds[-1])))
        settings = SearcherSettings(
            space, (goal,), max_t=asked.epochs, samples=asked.all_budgets[0]
        )
        create_searcher(method, settings)
    return space, goal, read_recipes(asked.recipe, space, asked.epochs)


def _identity(
    asked: CompareSettings, space: SearchSpace, goal: Objective, recipes: Sequence[RetrainingRecipe]
) -> dict[str, Any]:
    return {
        "by": "training", "dataset": asked.images, "subset": asked.subset, "epochs": asked.epochs,
        "space": space.describe(), "objective": str(goal), "retrain": asked.retrain,
        "recipes": [vars(recipe) for recipe in recipes],
    }  # fmt: skip


def _study_name(asked: CompareSettings, task: Task) -> str:
    return f"{asked.name}-{task.method.replace(':', ' ')}-{task.seed}"


def _settings(asked: CompareSettings, name: str, **own: Any) -> HpoSettings:
    return HpoSettings(
        name=name, space=asked.space or "", dataset=asked.images,
        objective=asked.objective, data_dir=asked.data_dir, subset=asked.subset,
        epochs=asked.epochs, scheduler="fifo", slots=asked.slots,
        gpus_per_trial=asked.gpus_per_trial, address=asked.address, storage=asked.storage,
        tracking_uri=asked.tracking_uri, experiment=asked.experiment, **own,
    )  # fmt: skip


def _search(
    asked: CompareSettings, task: Task, goal: Objective, record: Record[TrainingRow]
) -> None:
    """A study of hyperparameters without final training: each trial is trained to its end."""
    name = _study_name(asked, task)
    try:
        tune_hyperparameters(
            _settings(
                asked, name, searcher=task.method, trials=task.budget, seed=task.seed, final_seeds=0
            )
        )
    except SystemExit as ended:
        if ended.code not in TRACKED_OR_NOT:
            raise
    text = (record.folder.parent / name / "trials.json").read_text(encoding="utf-8")
    rows = [Row(**row) for row in json.loads(text)]
    ranked = scored(rows, [goal])
    known = {row.trial_id for row in ranked}
    found = Searched(
        task.method, task.budget, task.seed, dict(ranked[0].config) if ranked else {},
        tuple(float(r.metrics[goal.metric]) if r.trial_id in known else None for r in rows),
        sum(row.outcome == "failed" for row in rows), sum(row.iterations for row in rows),
        sum(map(_seconds, rows)),
    )  # fmt: skip
    record.add(found, row_as_dict(found))


def _seconds(row: Row) -> float:
    """That a trial was at work, sessions before a resume included."""
    return float(row.metrics.get("time_total_s", 0.0))


def _retrain(
    asked: CompareSettings,
    recipe: RetrainingRecipe,
    found: Sequence[Searched],
    record: Record[TrainingRow],
) -> None:
    """All found configs that were not trained by this recipe yet, in one stage of Tune's."""
    known = [r.config for r in record.rows if isinstance(r, Retrained) and r.recipe == recipe.name]
    configs: list[dict[str, Any]] = []
    for one in found:
        if one.config not in known and one.config not in configs:
            configs.append(one.config)
    if not configs:
        return
    settings = _settings(
        asked, f"{asked.name}-retraining", searcher="random", seed=asked.first_seed, final_seeds=1
    )
    with begun(prepare, settings) as (plan, resources):
        tested = final_objectives(plan.klass)[0]
        space = recipe.space(plan.evaluation.space)
        points = [
            {**space.active(recipe.config(config)), "seed": seed}
            for config in configs
            for seed in range(asked.retrain)
        ]
        text = json.dumps([recipe.epochs, points], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        stage = StagePlan(
            where=plan.study.stage("final", digest),
            name="retraining",
            title=f"{asked.name}: {len(configs)} configs anew, recipe {recipe.name!r}",
            trainable=bind(
                plan.klass,
                {**plan.trial_kwargs, "space": space, "epochs": recipe.epochs, "final": True},
            ),
            reused=is_reusable(plan.klass),
            epochs=recipe.epochs,
            objectives=plan.record.objectives,
            shown=tested,
            param_space={key: None for point in points for key in point},
            searcher=BasicVariantGenerator(
                points_to_evaluate=points, max_concurrent=resources.slots
            ),
            samples=len(points),
            expected=len(points),
            resources=resources,
            at_once=resources.slots,
        )
        with plan.tracker("final", digest) as tracking:
            rows = run_stage(plan.study, stage, tracking).rows
            tracking.study_end("completed")
        by_point = {_text(row.config): row for row in rows}
        for place, point in enumerate(points):
            trained = by_point.get(_text(point))
            row = Retrained(
                recipe.name, configs[place // asked.retrain], point["seed"],
                *_told(trained, tested.metric), float(resources.gpus),
            )  # fmt: skip
            record.add(row, row_as_dict(row))


def _text(config: dict[str, Any]) -> str:
    """Without what a point leaves out, which Tune fills with None."""
    return json.dumps({k: v for k, v in config.items() if v is not None}, sort_keys=True)


def _told(row: Row | None, metric: str) -> tuple[float | None, int, float]:
    """The score, epochs and seconds of a retraining; there is no row of one that never began."""
    if row is None:
        return None, 0, 0.0
    score = row.metrics.get(metric)
    return None if score is None else float(score), row.iterations, _seconds(row)
