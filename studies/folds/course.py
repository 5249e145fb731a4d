"""The plan and the search of a study by folds."""

from collections.abc import Iterable
from dataclasses import replace

from automl_on_ray.clusters import Resources
from automl_on_ray.search_spaces.data_kinds import Data
from automl_on_ray.studies.facts_table import print_facts_table
from automl_on_ray.studies.folds.settings import FoldSettings
from automl_on_ray.studies.plan import Evaluation, StudyPlan, draft_study, open_plan
from automl_on_ray.studies.search import search
from automl_on_ray.studies.trial_rows import Row


def planned_by_folds(
    asked: FoldSettings, evaluation: Evaluation, data: Data, facts: Iterable[tuple[str, str]]
) -> StudyPlan:
    """Both stores are reached, then `facts` told. UserError for whatever its user can mend.

    Whole trials are compared alone: what others have reported is of other rows, times or users.
    """
    draft = draft_study(asked, evaluation, evaluation.klass, None)
    draft.reach_stores()
    own = {"objective": [str(objective) for objective in evaluation.objectives]}
    plan = open_plan(draft, evaluation, data, dict(evaluation.trial_kwargs), own)
    print_facts_table(data.name, facts)
    return replace(plan, record=replace(plan.record, only_whole=True))


def search_by_folds(plan: StudyPlan, resources: Resources) -> list[Row]:
    """Rows of all trials: what a former session has left in the study's folder, or a search does.

    UserError if the folder was removed meanwhile.
    """
    if not plan.study.searched:
        with plan.tracker(plan.evaluation.role) as tracking:
            ran, _ = search(plan, resources, tracking)
            tracking.study_end("completed" if plan.study.is_there() else "failed")
            plan.study.write_rows([row.as_dict() for row in ran.rows])
    return [Row(**row) for row in plan.study.read_rows()]
