"""What a study has found, for Python programs and notebooks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.results import StoredStudy, load_model
from automl_on_ray.tracking import RecordedTrial
from automl_on_ray.trainables.users_own import MODEL, load_estimator

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class FoundTrial:
    """`config` is what the trial was given, `metrics` are what it reported last.

    `outcome` is "completed", "pruned" (stopped early by the scheduler), "infeasible" (beyond a
    limit, never trained), "failed", "stopped" or "running"; `error` says why it failed.
    `checkpoint` is the folder of its newest one, if it has any on this machine.
    """

    id: str
    config: Config
    metrics: dict[str, float]
    epochs: int
    outcome: str
    error: str = ""
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Result:
    """`best`, the `k` best, all trials and their curves as DataFrames, and where to look."""

    stored: StoredStudy = field(repr=False)
    space: SearchSpace | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        best = self.stored.best
        found = "nothing yet"
        if best is not None:
            goals = (objective.metric for objective in self.stored.objectives)
            found = ", ".join(f"{metric} {best.metrics[metric]:.6g}" for metric in goals)
        count = len(self.stored.searched)
        trials = "1 trial" if count == 1 else f"{count} trials"
        return f"<Study {self.name!r}, {self.state}: {trials}, best {found}>"

    @property
    def name(self) -> str:
        """By which `study` finds it again."""
        return self.stored.name

    @property
    def state(self) -> str:
        """ "running", "stopped", "searched" (its end is missing), "finished", or "elsewhere".

        Elsewhere: it has not ended, and another machine was the last to copy it to the bucket.
        """
        return self.stored.state

    @property
    def best(self) -> FoundTrial | None:
        """The best trial; None if none has a finite value of every objective."""
        best = self.stored.best
        return None if best is None else self._found(best)

    def top(self, count: int) -> list[FoundTrial]:
        """The best, the first of them first."""
        return [self._found(trial) for trial in self.stored.ranked[:count]]

    @property
    def front(self) -> list[FoundTrial]:
        """Of several objectives: the Pareto front."""
        return [self._found(trial) for trial in self.stored.front]

    @property
    def failed(self) -> list[FoundTrial]:
        """Trials that ended with an error, of all stages."""
        return [self._found(t) for t in self.stored.recorded.trials if t.outcome == "failed"]

    @property
    def final(self) -> list[dict[str, float]]:
        """Metrics of each repeat of the best config, trained anew, tested once.

        Of a study that ends otherwise, what was measured of its final model.
        """
        repeats = [trial.metrics for trial in self.stored.final]
        return repeats or list(self.stored.summary.final if self.stored.summary else [])

    @property
    def links(self) -> dict[str, str]:
        """MLflow's pages of it."""
        return dict(self.stored.summary.links) if self.stored.summary else {}

    def model(self) -> Any:
        """The final model, ready to predict: a fitted estimator, or the registered model.

        UserError if the study has none.
        """
        folders = [self.stored.checkpoint_of(trial) for trial in self.stored.final]
        kept = [folder for folder in folders if folder and (folder / MODEL).exists()]
        if kept:
            return load_estimator(kept[0])
        summary = self.stored.summary
        if summary and summary.model:
            return load_model(summary.model, tracking_uri=summary.tracking_uri)
        raise UserError(f"Study {self.name!r} has no final model.")

    def trials(self) -> pd.DataFrame:
        """One row a trial: trial, role, outcome, epochs, seconds, error, metrics, config/NAME."""
        return self.stored.trials()

    def curves(self) -> pd.DataFrame:
        """One row a report: trial, role, epoch, metrics."""
        return self.stored.curves()

    def figures(self) -> "Mapping[str, go.Figure]":
        """Plotly's figures by name, such as "History of the best"."""
        from automl_on_ray.studies.report import figures, neighbours  # seconds, to import

        return figures(self.stored, neighbours(self.stored))

    def save(self, folder: str | Path) -> Path:
        """Write best.json, trials.csv and curves.csv into a new folder; its path.

        UserError if there is something in it.
        """
        path = Path(folder)
        if path.exists() and any(path.iterdir()):
            raise UserError(f"{path} is not empty; give a new folder.")
        path.mkdir(parents=True, exist_ok=True)
        best = self.stored.best
        told = {"config": best.config, "metrics": best.metrics} if best else None
        (path / "best.json").write_text(json.dumps(told, indent=1))
        self.trials().to_csv(path / "trials.csv", index=False)
        self.curves().to_csv(path / "curves.csv", index=False)
        return path

    def _found(self, trial: RecordedTrial) -> FoundTrial:
        config = trial.config
        if self.space is not None:
            config = self.space.as_declared(config)
        return FoundTrial(
            trial.trial_id, config, trial.metrics, trial.iterations, trial.outcome, trial.error,
            self.stored.checkpoint_of(trial),
        )  # fmt: skip
