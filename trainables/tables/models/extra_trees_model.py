"""Extremely randomised trees (Geurts, Ernst and Wehenkel 2006)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from automl_on_ray.trainables.tables.models.choosing import FitSettings
from automl_on_ray.trainables.tables.models.scikit_learn import FILE, ScikitLearnModel, load as read

TRUSTED = ("sklearn.tree._tree.Tree",)


def create(config: Mapping[str, Any], settings: FitSettings) -> ScikitLearnModel:
    kind = ExtraTreesRegressor if settings.task == "regression" else ExtraTreesClassifier
    forest = kind(
        n_estimators=config["forest_trees"],
        min_samples_leaf=config["forest_leaf_rows"],
        max_features=config["forest_column_share"],
        random_state=settings.seed,
        n_jobs=settings.threads,
    )
    return ScikitLearnModel(forest)


def load(folder: Path, settings: FitSettings) -> ScikitLearnModel:
    forest = read(folder / FILE, TRUSTED)
    return ScikitLearnModel(forest.set_params(n_jobs=settings.threads))
