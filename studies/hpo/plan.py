"""The plan of a study of hyperparameters: all settings, checked before anything is started."""

from dataclasses import replace
from typing import Any

from automl_on_ray.search_spaces.core import check_no_secrets
from automl_on_ray.studies.hpo.settings import HpoSettings
from automl_on_ray.studies.inputs import (
    check_data_parallel,
    data_offers,
    find_space,
    find_trainable,
    load_data,
    objectives_of,
    trained_together,
)
from automl_on_ray.studies.plan import Evaluation, StudyPlan, draft_study, open_plan, replayed


def prepare(asked: HpoSettings) -> StudyPlan:
    """Nothing is started yet. Raises UserError for whatever its user can mend."""
    check_no_secrets(vars(asked))  # all of it may be kept
    space = find_space(asked.space)
    asked, recipe = replayed(asked, space, "trials")
    klass = find_trainable(asked.trainable)
    objectives = objectives_of(asked.objective, klass)
    workers = {"search_workers": asked.search_workers, "train_workers": asked.train_workers}
    check_data_parallel(klass, **workers)
    evaluation = Evaluation(
        "trial", trained_together(klass, asked.search_workers), space, objectives, asked.trials,
        asked.epochs, asked.search_workers,
    )  # fmt: skip
    draft = draft_study(asked, evaluation, klass, recipe)
    offers: dict[str, Any] = {
        "space": space, **data_offers(asked.dataset, asked.data_dir), "subset": asked.subset,
        "epochs": asked.epochs, "seed": asked.seed,
    }  # fmt: skip
    data, offers = load_data(klass, offers)
    draft.reach_stores()
    evaluation = replace(evaluation, offers=offers)
    own = {"objective": [str(objective) for objective in objectives]}
    return open_plan(draft, evaluation, data, offers, own)
