"""The plan of a study of a table: all settings, checked before anything is started."""

import importlib.util
from dataclasses import dataclass

from automl_on_ray.command_line import step
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.search_spaces.tables_all import SPACE
from automl_on_ray.studies.folds import check_models, planned_by_folds
from automl_on_ray.studies.inputs import (
    check_directions,
    check_fold_scheduler,
    find_space,
    objectives_of,
)
from automl_on_ray.studies.plan import Evaluation, StudyPlan
from automl_on_ray.studies.tables.facts import facts_told
from automl_on_ray.studies.tables.portfolio import portfolio_of
from automl_on_ray.studies.tables.settings import AutomlSettings
from automl_on_ray.trainables.tables import (
    METRICS,
    USUAL,
    Table,
    TableKeywords,
    TablePipeline,
    load_table,
)
from automl_on_ray.trainables.tables.models import LIBRARIES


@dataclass(frozen=True)
class TablePlan(StudyPlan):
    """With settings and data of the kind that studies of tables have."""

    asked: AutomlSettings
    data: Table


def prepare(asked: AutomlSettings) -> TablePlan:
    """Nothing is started yet; what was read is told. UserError for whatever its user can mend."""
    asked.check()
    space = find_space(asked.space)
    _check_libraries(space)
    check_models(space, SPACE)
    check_fold_scheduler(asked.scheduler)
    with step("Reading the table"):
        table = load_table(_keywords(asked))
    trial_kwargs = {"space": space, **table.keywords()}
    objectives = _objectives(asked.objective, table)
    evaluation = Evaluation(
        "trial", TablePipeline, space, objectives, asked.trials, asked.epochs,
        trial_kwargs=trial_kwargs, starts=portfolio_of(space) if asked.portfolio else (),
    )  # fmt: skip
    facts = facts_told(table, asked, objectives)
    plan = planned_by_folds(asked, evaluation, table, facts)
    return TablePlan(**vars(plan))


def _keywords(asked: AutomlSettings) -> TableKeywords:
    return TableKeywords(
        dataset=asked.dataset, target=asked.target, task=asked.task, time=asked.time,
        group=asked.group, folds=asked.folds, seed=asked.seed, subset=asked.subset,
    )  # fmt: skip


def _check_libraries(space: SearchSpace) -> None:
    """UserError for a model whose library is not installed: each of its trials would fail."""
    models = getattr(space.domains.get("model"), "categories", ())
    missing = sorted({LIBRARIES[one] for one in models if one in LIBRARIES and not _there(one)})
    if missing:
        raise UserError(
            f"--space {space.name} needs {' and '.join(missing)}: pip install "
            "'automl-on-ray[tables]', or take --space tables."
        )


def _there(model: str) -> bool:
    return importlib.util.find_spec(LIBRARIES[model]) is not None


def _objectives(text: str | None, table: Table) -> tuple[Objective, ...]:
    """The task's usual one where none is given.

    UserError for a metric of another task, and for a search for the worst.
    """
    objectives = objectives_of(text or USUAL[table.task], TablePipeline)
    of_tasks = {f"val_{name}" for metrics in METRICS.values() for name in metrics}
    own = {f"val_{name}" for name in METRICS[table.task]}
    for objective in objectives:
        if objective.metric in of_tasks - own:
            raise UserError(
                f"{objective.metric.removeprefix('val_')!r} in --objective is no metric of "
                f"{table.task}, which {table.target!r} is; it has {', '.join(METRICS[table.task])}."
            )
    check_directions(objectives, TablePipeline.METRICS)
    return objectives
