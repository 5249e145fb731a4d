"""A kind of data of one's own, from the file to the registered model. The file is an `.npz` with
`x`, numbers of shape (n, columns), and `y`, (n,):

    python workflows/hpo.py --trainable docs.python.rows:Regression \\
        --space docs.python.rows:SPACE --dataset rows.npz --objective=-rmse --trials 8 --epochs 20

What is stored with the model is in the file beside this one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from ray import tune

from automl_on_ray import ArrayInput, FinalModel, SearchSpace, UserError
from automl_on_ray.trainables import TorchTrainable, read_state
from docs.python import rows_model

SPACE = SearchSpace(
    "rows", training={"width": tune.choice([8, 16, 32]), "rate": tune.loguniform(1e-3, 1e-1)}
)


@dataclass(frozen=True)
class Rows:
    """What a study knows of its data: name, digest, remarks, facts and keywords."""

    path: str
    digest: str
    x: np.ndarray
    y: np.ndarray
    remarks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return Path(self.path).stem

    def facts(self) -> dict[str, Any]:
        """What a person wants to know, printed in the report and kept in MLflow."""
        return {"rows": len(self.y), "columns": self.x.shape[1]}

    def keywords(self) -> dict[str, Any]:
        """What holds all trials to exactly these data: keywords of `Regression.setup`."""
        return {"dataset": self.path, "digest": self.digest}


def read_rows(path: str) -> Rows:
    """UserError, in one line, for what its user can mend: it ends the study before any trial."""
    try:
        with np.load(path, allow_pickle=False) as file:
            x, y = np.float32(file["x"]), np.float32(file["y"])
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"--dataset {path} is no .npz with x and y: {error}") from error
    if x.ndim != 2 or y.shape != x.shape[:1] or not len(y):
        raise UserError(
            f"--dataset {path} has x of {x.shape} and y of {y.shape}, not (n, c) and (n,)."
        )
    bad = int((~np.isfinite(x)).any(axis=1).sum() + (~np.isfinite(y)).sum())
    if bad:
        raise UserError(f"--dataset {path} has {bad} rows with what is no number: leave them out.")
    digest = hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()
    constant = int((x == x[0]).all(axis=0).sum())
    told = (f"{constant} columns are the same in all rows.",) if constant else ()
    return Rows(path, digest, x, y, told)


class Regression(TorchTrainable):
    """One step is one epoch of a small network."""

    METRICS: ClassVar[dict[str, str]] = {"val_rmse": "min"}
    TEST_METRICS: ClassVar[tuple[str, ...]] = ("test_rmse",)  # the most important first

    @classmethod
    def read_data(cls, keywords: Mapping[str, Any]) -> Rows:
        """Called once, before anything is started."""
        return read_rows(keywords["dataset"])

    @classmethod
    def final_model(
        cls, checkpoint: Path, config: dict[str, Any], *, data: Rows, trial_kwargs: dict[str, Any]
    ) -> FinalModel:
        """Called once, at the end, with the checkpoint of the best config's first repeat."""
        state, columns = read_state(checkpoint), data.x.shape[1]
        stored = {"columns": columns, "width": config["width"], **state["model"]}

        def write(folder: Path) -> Path:
            torch.save(stored, folder / "rows.pt")
            return folder / "rows.pt"

        return FinalModel(
            write=write,
            code=(Path(rows_model.__file__),),
            inputs=ArrayInput("float32", (-1, columns)),
            outputs=(("prediction", "double"),),
            example=data.x[:2],
            requirements=("torch", "numpy", "pandas"),
            facts={"columns": columns, "trained on": data.name},
            page=f'`mlflow.pyfunc.load_model("models:/{{name}}/{{version}}").predict(rows)` takes '
            f"(n, {columns}) numbers and answers a DataFrame with the column `prediction`.",
        )

    def setup(  # type: ignore[override]
        self,
        config: dict[str, Any],
        *,
        dataset: str,
        digest: str | None = None,
        epochs: int = 20,
        seed: int = 0,
        final: bool = False,
    ) -> None:
        data = read_rows(dataset)
        if digest not in (None, data.digest):
            raise UserError(f"{dataset} has been changed since the study began.")
        self.prepare(config.get("seed", seed))  # the random numbers; `seed` splits the data
        self.rate, self.epochs, self.final, self.epoch = config["rate"], epochs, final, 0
        order = np.random.default_rng(seed).permutation(len(data.y))
        train, validation, test = np.split(order, [len(order) * 3 // 5, len(order) * 4 // 5])
        if final:  # trained on all but the test part
            train, validation = np.concatenate([train, validation]), test
        x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)[:, None]
        self.mean, self.std = x[train].mean(dim=0), x[train].std(dim=0).clamp(min=1e-6)
        self.train_part = ((x[train] - self.mean) / self.std, y[train])
        self.held_part = ((x[validation] - self.mean) / self.std, y[validation])
        with self.randomness():
            self.network = rows_model.network_of(x.shape[1], config["width"])
        self.optimizer = torch.optim.Adam(self.network.parameters(), self.rate)

    def step(self) -> dict[str, Any]:
        x, y = self.train_part
        for rows in torch.randperm(len(y), generator=self.generator).split(32):
            loss = torch.nn.functional.mse_loss(self.network(x[rows]), y[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        self.epoch += 1
        done = self.epoch >= self.epochs
        if self.final and not done:  # the test part is looked at once
            return {"done": False}
        with torch.no_grad():
            x, y = self.held_part
            error = float((self.network(x) - y).square().mean().sqrt())
        return {"test_rmse" if self.final else "val_rmse": error, "done": done}

    def state(self) -> dict[str, Any]:
        """All that a trial goes on from, and that `final_model` needs."""
        model = {"network": self.network.state_dict(), "mean": self.mean, "std": self.std}
        own = {"epoch": self.epoch, "model": model, "optimizer": self.optimizer.state_dict()}
        return {**super().state(), **own}

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.epoch = state["epoch"]
        self.network.load_state_dict(state["model"]["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        for group in self.optimizer.param_groups:  # a population changes it
            group["lr"] = self.rate
