"""Logistic and ridge regression. The preparation may let the line of a number bend."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.linear_model import LogisticRegression, Ridge

from automl_on_ray.trainables.tables.models.choosing import FitSettings
from automl_on_ray.trainables.tables.models.scikit_learn import FILE, ScikitLearnModel, load as read

MOST_ITERATIONS = 300


def create(config: Mapping[str, Any], settings: FitSettings) -> ScikitLearnModel:
    strength = config["linear_c"]
    if settings.task == "regression":
        return ScikitLearnModel(Ridge(alpha=1 / strength))
    return ScikitLearnModel(LogisticRegression(C=strength, max_iter=MOST_ITERATIONS))


def load(folder: Path, settings: FitSettings) -> ScikitLearnModel:
    return ScikitLearnModel(read(folder / FILE, ()))
