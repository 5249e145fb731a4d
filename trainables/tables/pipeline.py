"""Fits a pipeline fold by fold: what one trial of a study of a table does."""

import importlib.util
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Unpack, cast

import numpy as np
import pandas as pd
from ray import tune

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError, check_keywords
from automl_on_ray.trainables._ray_internals import refuse_pickle
from automl_on_ray.trainables.folds import member_and_seed
from automl_on_ray.trainables.tables.fold_fit import Fit, Outcome, fit_apart, write_rows
from automl_on_ray.trainables.tables.metrics import METRICS, scores
from automl_on_ray.trainables.tables.models import LIBRARIES, FitSettings, held_part
from automl_on_ray.trainables.tables.table import Table, TableKeywords, load_table

PREDICTIONS = "predictions.npz"
WHOLE = "whole"  # the pipeline of all training rows; those of folds are fold_0, fold_1, ...
FIRST_SHARE, FIRST_ROWS = 1 / 3, 100_000  # of the first fold's rows that the first step fits

# Of all tasks, and which direction is better.
JUDGED = {name: way for of_task in METRICS.values() for name, way in of_task.items()}


@dataclass(frozen=True)
class Progress:
    """What a trial's checkpoint says of it, beside the pipelines.

    `predictions` (n, classes) or (n,), float32, are of the training rows while they were held out,
    NaN where they were not yet; of a final trial, of the test rows. Folds in which all of their
    training rows were fitted count as `folds_done`.
    """

    predictions: np.ndarray
    steps: int
    fit_seconds: np.ndarray  # (steps,)
    predict_seconds: np.ndarray  # (steps,), of 1,000 rows

    @property
    def folds_done(self) -> int:
        return max(0, self.steps - 1)


class TablePipeline(tune.Trainable):
    """Step 1 fits a third of the first fold's training rows, each further step a fold's.

    So there is one step more than folds. A step reports METRICS of the table's task for the rows
    that were held out so far, in all their folds together. The pipelines and the predictions for
    held-out rows are the checkpoint. A `final` trial fits all training rows in one step, and
    reports TEST_METRICS of the test part.
    """

    STEP: ClassVar[str] = "step"
    METRICS: ClassVar[dict[str, str]] = {
        **{f"val_{name}": way for name, way in JUDGED.items()},
        "fit_seconds": "min",  # of all fits so far, without the start of their processes
        "predict_seconds": "min",  # of 1,000 rows, one fold's pipeline; the mean
        "model_bytes": "min",  # of one fold's pipeline, in files; the mean
    }
    TEST_METRICS: ClassVar[tuple[str, ...]] = tuple(f"test_{name}" for name in JUDGED)

    @classmethod
    def read_data(cls, keywords: Mapping[str, Any]) -> Table:
        """The table that trials with these keywords take. UserError if it cannot be had."""
        known = TableKeywords.__annotations__
        own = {key: value for key, value in keywords.items() if key in known}
        return load_table(cast(TableKeywords, own))

    def setup(  # type: ignore[override]
        self,
        config: Config,
        *,
        space: SearchSpace,
        final: bool = False,
        time_limit: float | None = None,
        memory_limit: int | None = None,
        **table: Unpack[TableKeywords],
    ) -> None:
        """Load the table; `time_limit` (seconds) and `memory_limit` (bytes) are of one fit.

        `seed` parts the table and starts all that is random; `config["seed"]`, if there is one, the
        latter alone. Raises UserError if the config is not a member of `space`, or lacks a library,
        or the table cannot be had.
        """
        check_keywords(table, TableKeywords)
        self.space, self.final = space, final
        self.time_limit, self.memory_limit = time_limit, memory_limit
        self.seed, self.in_time = table.get("seed", 0), table.get("time") is not None
        self.table: Table = load_table(table)
        _sweep()
        self._scratch = tempfile.TemporaryDirectory(prefix=f"{_scratch_of_host()}{os.getpid()}-")
        self._place_rows()
        self._begin(config)

    def reset_config(self, new_config: Config) -> bool:
        """Start again with another config; the table stays."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Raises FitTooLong, FitTooLarge or FitFailed, and the trial has failed."""
        return self._fit_all() if self.final else self._fit_fold()

    def cleanup(self) -> None:
        self._scratch.cleanup()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        folder = Path(checkpoint_dir)
        np.savez(folder / PREDICTIONS, **asdict(self._progress))
        for pipeline in self._pipelines():
            shutil.copytree(pipeline, folder / pipeline.name)

    def load_checkpoint(self, checkpoint: Any) -> None:
        self._progress = read_progress(checkpoint)
        self._clear()
        for pipeline in Path(checkpoint).iterdir():
            if pipeline.is_dir():
                shutil.copytree(pipeline, self._folder / pipeline.name)

    def restore(self, checkpoint_path: Any) -> None:
        refuse_pickle(checkpoint_path)
        super().restore(checkpoint_path)

    def _begin(self, config: Config) -> None:
        self.member, own_seed = member_and_seed(self.space, config)
        _check_library(self.member["model"])
        self._fit_seed = self.seed if own_seed is None else own_seed
        rows = len(self.table.test_answers if self.final else self.table.answers)
        shape = (rows, len(self.table.classes)) if self.table.classes else (rows,)
        nothing = np.empty(0)
        self._progress = Progress(np.full(shape, np.nan, dtype="float32"), 0, nothing, nothing)
        self._clear()

    def _fit_fold(self) -> dict[str, Any]:
        steps = self._progress.steps
        fold = max(0, steps - 1)
        rows, held = self.table.folds[fold]
        if not steps:
            rows = self._first_part(rows)
        self._note(self._fit(rows, held, f"fold_{fold}"), held)
        made = self._progress.predictions
        known = ~np.isnan(made.reshape(len(made), -1)).any(axis=1)
        judged = self._scores("val", self.table.answers[known], made[known])
        return {**judged, **self._costs(len(rows)), "done": steps == len(self.table.folds)}

    def _fit_all(self) -> dict[str, Any]:
        rows = np.arange(len(self.table.answers))
        tested = np.arange(len(self.table.test_answers))
        self._note(self._fit(rows, len(rows) + tested, WHOLE), tested)
        judged = self._scores("test", self.table.test_answers, self._progress.predictions)
        return {**judged, **self._costs(len(rows)), "done": True}

    def _fit(self, rows: np.ndarray, held: np.ndarray, name: str) -> Outcome:
        target = self._folder / name
        shutil.rmtree(target, ignore_errors=True)
        settings = FitSettings(
            self.table.task, len(self.table.classes), seed=self._fit_seed, threads=self._threads(),
            in_time=self.in_time, time_limit=self.time_limit,
        )  # fmt: skip
        fit = Fit(self.member, settings, rows, held)
        return fit_apart(fit, self._data, target, memory_limit=self.memory_limit)

    def _first_part(self, rows: np.ndarray) -> np.ndarray:
        """A part with the same mix of classes, the same for all trials."""
        settings = FitSettings(self.table.task, len(self.table.classes), seed=self.seed)
        share = min(FIRST_SHARE, FIRST_ROWS / len(rows))
        own, _ = held_part(self.table.answers[rows], settings, share=1 - share)
        return rows[own]

    def _note(self, outcome: Outcome, held: np.ndarray) -> None:
        before = self._progress
        before.predictions[held] = outcome.predictions
        of_thousand = 1000 * outcome.predict_seconds / max(1, len(held))
        self._progress = Progress(
            before.predictions,
            before.steps + 1,
            np.append(before.fit_seconds, outcome.fit_seconds),
            np.append(before.predict_seconds, of_thousand),
        )

    def _scores(self, part: str, answers: np.ndarray, made: np.ndarray) -> dict[str, float]:
        """Without those that cannot be had, as AUC where all rows are of one class."""
        found = scores(self.table.task, answers, made.astype("float64"))
        return {f"{part}_{name}": value for name, value in found.items() if np.isfinite(value)}

    def _costs(self, rows: int) -> dict[str, float]:
        pipelines = self._pipelines()
        total = sum(f.stat().st_size for folder in pipelines for f in folder.iterdir())
        return {
            "fit_seconds": float(self._progress.fit_seconds.sum()),
            "predict_seconds": float(self._progress.predict_seconds.mean()),
            "model_bytes": total / len(pipelines),
            "rows": rows,
        }

    def _threads(self) -> int:
        given = self.trial_resources.required_resources if self.trial_resources else {}
        return max(1, int(given.get("CPU", 1)))

    # On this node's disk, while the trial lives

    @property
    def _data(self) -> Path:
        return Path(self._scratch.name, "data")

    @property
    def _folder(self) -> Path:
        return Path(self._scratch.name, "pipelines")

    def _pipelines(self) -> list[Path]:
        return sorted(self._folder.iterdir())

    def _clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()

    def _place_rows(self) -> None:
        table = self.table
        self._data.mkdir()
        if self.final:
            features = pd.concat([table.features, table.test_features], ignore_index=True)
            answers = np.concatenate([table.answers, table.test_answers])
        else:
            features, answers = table.features, table.answers
        write_rows(features, answers, self._data, groups=table.groups)


def read_progress(checkpoint: str | Path) -> Progress:
    """What a trial's checkpoint folder says. Nothing in its file can run code."""
    with np.load(Path(checkpoint) / PREDICTIONS, allow_pickle=False) as stored:
        told = {field.name: stored[field.name] for field in fields(Progress)}
    return Progress(**{**told, "steps": int(told["steps"])})


def _scratch_of_host() -> str:
    return f"automl-table-{platform.node()}-"  # hosts may share a temp folder


def _sweep() -> None:
    """Remove what trials have left here whose process was killed; Linux alone tells."""
    if not Path("/proc/self").exists():
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_scratch_of_host()}*"):
        pid = folder.name.removeprefix(_scratch_of_host()).partition("-")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _check_library(model: str) -> None:
    library = LIBRARIES.get(model)
    if library and importlib.util.find_spec(library) is None:
        raise UserError(
            f"The model {model!r} needs the package {library}: pip install 'automl-on-ray[tables]'."
        )
