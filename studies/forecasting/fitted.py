"""Fits configs anew to all that comes before the test part, and forecasts it, as tasks of Ray.

What a task has made is kept in the study's folder, so a study that goes on does not fit again.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray.exceptions import RayError

from automl_on_ray.clusters import Resources
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import check_name, inside, warn, written_whole
from automl_on_ray.studies.forecasting.look import Forecasted
from automl_on_ray.trainables.forecasting import (
    BASELINES,
    FitSettings,
    ForecastKeywords,
    Panel,
    fit,
    load_panel,
)

MADE, MODEL = "made.npz", "model"  # in a folder of its own for each config or baseline
Files = Mapping[str, bytes]  # by their place in that folder


@dataclass(frozen=True)
class Fits:
    """Of `panel`, in tasks with a trial's `resources`; what they make is kept in `folder`."""

    panel: Panel
    folder: Path
    resources: Resources

    def baselines(self) -> dict[str, Forecasted]:
        """By name, those that could be had."""
        return self._made({name: (_baseline, (name,)) for name in BASELINES})

    def again(self, members: Mapping[str, tuple[Config, int]]) -> dict[str, Forecasted]:
        """By trial, of configs with their seeds. One that fails is left out, with a warning."""
        return self._made({trial: (_member, own) for trial, own in members.items()})

    def model(self, trial: str) -> Path:
        """The folder that the trial's forecaster was saved to."""
        return self._place(trial) / MODEL

    def _made(
        self, asked: Mapping[str, tuple[Callable[..., Files], tuple[Any, ...]]]
    ) -> dict[str, Forecasted]:
        todo = {name: one for name, one in asked.items() if not (self._place(name) / MADE).exists()}
        if todo:
            self._run(todo)
        made = {name: self._place(name) / MADE for name in asked}
        return {name: _read(path) for name, path in made.items() if path.exists()}

    def _run(self, todo: Mapping[str, tuple[Callable[..., Files], tuple[Any, ...]]]) -> None:
        keywords, threads = ray.put(self.panel.keywords()), max(1, int(self.resources.cpus))
        own: Any = ray.remote(num_cpus=self.resources.cpus, num_gpus=self.resources.gpus)
        running = {
            name: own(task).remote(keywords, threads, *arguments)
            for name, (task, arguments) in todo.items()
        }
        for name, task in running.items():
            try:
                _keep(ray.get(task), self._place(name))
            except RayError as error:
                last = str(error).strip().splitlines()[-1]
                warn(f"{name} cannot be fitted to all steps, so it is left out: {last}")

    def _place(self, name: str) -> Path:
        return self.folder / check_name(name, "A fitted model:")


def _member(keywords: ForecastKeywords, threads: int, config: Config, seed: int) -> Files:
    history, _ = load_panel(keywords).history(None)
    forecaster = fit(config, history, FitSettings(seed=seed, threads=threads))
    forecast, seconds = _timed(lambda: forecaster.predict(history))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / MODEL
        place.mkdir()
        forecaster.save(place)
        return {**_files(Path(folder)), MADE: _bytes_of(forecast, seconds)}


def _baseline(keywords: ForecastKeywords, threads: int, name: str) -> Files:
    history, _ = load_panel(keywords).history(None)
    forecast, seconds = _timed(lambda: BASELINES[name](history, threads))
    return {MADE: _bytes_of(forecast, seconds)}


def _timed(make: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    began = time.perf_counter()
    made = make()
    return made, time.perf_counter() - began


def _bytes_of(forecast: np.ndarray, seconds: float) -> bytes:
    with tempfile.TemporaryFile() as file:
        np.savez(file, forecast=forecast, seconds=seconds)
        file.seek(0)
        return file.read()


def _files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _keep(files: Files, folder: Path) -> None:
    """The forecast last: with it, all is there."""
    for name in sorted(files, key=lambda name: name == MADE):
        place = inside(folder, name, "A fitted model's file")
        place.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(place) as part:
            part.write_bytes(files[name])


def _read(path: Path) -> Forecasted:
    with np.load(path, allow_pickle=False) as stored:
        return Forecasted(stored["forecast"], float(stored["seconds"]))
