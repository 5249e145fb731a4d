"""A fitted pipeline: raw columns in, predictions out, and a folder that cannot hold code."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from automl_on_ray.trainables.tables import preparation
from automl_on_ray.trainables.tables.models import (
    FitSettings,
    Model,
    create_model,
    dump,
    load,
    load_model,
)
from automl_on_ray.trainables.tables.preparation import create_preparation

FACTS, PREPARATION = "pipeline.json", "preparation.skops"
OWN_TYPES = ("columns.Columns", "encoding.Encoded", "encoding.Hinges", "encoding.Near",
             "generation.GroupMeans", "generation.Pairs", "selection.Selection")  # fmt: skip
# A target encoder keeps how it was cross-fitted.
SPLITTERS = ("sklearn.model_selection._split.GroupKFold", "sklearn.model_selection._split.KFold",
             "sklearn.model_selection._split.StratifiedKFold")  # fmt: skip
TRUSTED = ("numpy.dtype", *SPLITTERS, *(f"{preparation.__name__}.{name}" for name in OWN_TYPES))


class FittedPipeline:
    """A preparation and a model that were fitted together, with `threads` of the settings.

    `seen` are the codes of the classes that its rows had: of others the probability is 0. With one
    class alone there is nothing to learn, and neither preparation nor model.
    """

    def __init__(
        self, name: str, settings: FitSettings, seen: tuple[int, ...],
        fitted: tuple[Pipeline, Model] | None,
    ) -> None:  # fmt: skip
        self.name, self.settings, self.seen, self.fitted = name, settings, seen, fitted

    @classmethod
    def fit(
        cls,
        config: Mapping[str, Any],
        features: pd.DataFrame,
        answers: np.ndarray,
        settings: FitSettings,
    ) -> "FittedPipeline":
        """Fit the pipeline that a config of the space `tables` names.

        `features` are raw columns: numbers, datetime64, and all else as categories. `answers` (n,)
        are codes of the classes, or numbers. What is held out of them to encode by the target or to
        stop early is of other groups, if the settings have such. ImportError where the model's
        library is missing.
        """
        regression = settings.task == "regression"
        seen = () if regression else tuple(int(code) for code in np.unique(answers))
        if len(seen) == 1:
            return cls(config["model"], settings, seen, None)
        known = answers.astype("float64") if regression else np.searchsorted(seen, answers)
        task = "binary" if len(seen) == 2 else settings.task
        prepared = create_preparation(
            config, task=task, answers=known, groups=settings.groups, seed=settings.seed
        )
        with threadpool_limits(settings.threads):
            frame = prepared.fit_transform(features, known, encoded__groups=settings.groups)
            native = set(prepared.named_steps["encoded"].native_)
            own = replace(
                settings, task=task, classes=len(seen),
                categories=tuple(i for i, name in enumerate(frame.columns) if name in native),
            )  # fmt: skip
            model = create_model(config, own).fit(frame.to_numpy(), known)
        kept = replace(own, task=settings.task, classes=settings.classes, groups=None)
        return cls(config["model"], kept, seen, (prepared, model))

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """(n, classes) probabilities, or (n,) numbers. Columns are found by name.

        KeyError for a column that is missing, ValueError if a prediction is no finite number.
        """
        if self.fitted is None:
            told = np.ones((len(features), 1))
        else:
            prepared, model = self.fitted
            with threadpool_limits(self.settings.threads):
                told = model.predict(prepared.transform(features).to_numpy())
        if not np.isfinite(told).all():
            raise ValueError(f"The model {self.name} predicts what is no finite number.")
        if self.settings.task == "regression":
            return told
        probabilities = np.zeros((len(features), self.settings.classes))
        probabilities[:, self.seen] = told
        return probabilities

    def save(self, folder: str | Path) -> None:
        """Write FACTS, and unless there is but one class PREPARATION and the model's own file."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        settings = self.settings
        facts = {
            "model": self.name, "task": settings.task, "classes": settings.classes,
            "categories": settings.categories, "seen": self.seen,
        }  # fmt: skip
        (folder / FACTS).write_text(json.dumps(facts))
        if self.fitted is not None:
            prepared, model = self.fitted
            dump(prepared, folder / PREPARATION)
            model.save(folder)

    @classmethod
    def load(cls, folder: str | Path, *, threads: int = 1) -> "FittedPipeline":
        """What `save` wrote. ValueError for a file with types of others, which could be code."""
        folder = Path(folder)
        facts = json.loads((folder / FACTS).read_text())
        settings = FitSettings(
            facts["task"], facts["classes"], threads=threads, categories=tuple(facts["categories"])
        )
        seen = tuple(facts["seen"])
        if len(seen) == 1:
            return cls(facts["model"], settings, seen, None)
        task = "binary" if len(seen) == 2 else settings.task
        model = load_model(facts["model"], folder, replace(settings, task=task, classes=len(seen)))
        return cls(facts["model"], settings, seen, (load(folder / PREPARATION, TRUSTED), model))
