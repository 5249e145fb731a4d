"""NAS-Bench-201's cells as they were recorded (Dong and Yang 2020): a trial looks its cell up.

Two lines in a module of your own say where the benchmark's table is:

    from automl_on_ray.trainables.recorded_cells import RecordedCells
    CELLS = RecordedCells("nasbench201.parquet", "cifar10")

    python workflows/hpo.py --trainable mine:CELLS --scheduler fifo --trials 100 \\
        --space automl_on_ray.search_spaces.nas_bench_201:CELLS
"""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ray import tune

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError, check_choice
from automl_on_ray.search_spaces.nas_bench_201 import (
    CELLS,
    EDGES,
    OPERATIONS,
    architecture_text,
    key,
    parse_architecture,
)

CELL_COUNT = len(OPERATIONS) ** len(EDGES)
EXAMPLE = architecture_text({key(*edge): OPERATIONS[3] for edge in EDGES})


@dataclass(frozen=True)
class Recorded:
    """Of a data set: classes, images' area against 32 x 32, training time against CIFAR-10's."""

    classes: int
    area: float
    time: float


DATASETS = {
    "cifar10": Recorded(10, 1.0, 1.0),
    "cifar100": Recorded(100, 1.0, 2.0),
    "imagenet16_120": Recorded(120, 0.25, 6.07),
}


@dataclass(frozen=True)
class RecordedCells:
    """The table at `path` (Parquet, here or anywhere that Arrow reads), for one of `DATASETS`.

    It has a row a cell, with the columns `architecture` in the benchmark's words,
    `DATASET_valid_accuracy_12` and `DATASET_test_accuracy_200`, in percent. Validation is after a
    training of 12 epochs, test after one of 200. UserError for a table with other columns, cells
    or numbers.
    """

    path: str | Path
    dataset: str = "cifar10"
    rows: Mapping[str, tuple[float, float]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_choice("data set", self.dataset, DATASETS, where=f"{self.path}")
        object.__setattr__(self, "rows", _rows(Path(self.path), self.dataset))

    @property
    def space(self) -> SearchSpace:
        return CELLS

    @property
    def digest(self) -> str:
        """Other results have another one."""
        text = repr((self.dataset, sorted(self.rows.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def validation(self, config: Mapping[str, Any]) -> float:
        """Validation accuracy after 12 epochs, percent."""
        return self.rows[architecture_text(config)][0]

    def test(self, config: Mapping[str, Any]) -> float:
        """Test accuracy after 200 epochs, percent: a mean over the benchmark's seeds."""
        return self.rows[architecture_text(config)][1]

    def report(self, config: Mapping[str, Any]) -> dict[str, float]:
        """What a trial of the cell reports: RecordedTrial.METRICS."""
        return {
            "val_accuracy": self.validation(config),
            "parameters": parameters(config, self.dataset),
            "flops": flops(config, self.dataset),
            "estimated_seconds": estimated_seconds(config, self.dataset),
        }

    def as_trainable(self) -> tuple[type[tune.Trainable], dict[str, Any]]:
        """The class of its trials, and the keywords that they need."""
        return RecordedTrial, {"cells": self}

    # What the simulator asks of a training

    def begin(self, config: Config) -> None:
        """There is no state: a cell's training is one step."""

    def step(self, state: None, config: Config) -> tuple[None, dict[str, float], float] | None:
        """What is reported, and the seconds that a virtual clock is charged: an estimate."""
        report = self.report(config)
        return None, report, report["estimated_seconds"]


class RecordedTrial(tune.Trainable):
    """Ends after its first report. The test accuracy is there only when `final`."""

    METRICS: ClassVar[dict[str, str]] = {
        "val_accuracy": "max",  # percent
        "parameters": "min",
        "flops": "min",  # multiply-adds of one image forward, as the benchmark counts them
        "estimated_seconds": "min",
    }

    def setup(  # type: ignore[override]
        self, config: Config, *, cells: RecordedCells, final: bool = False
    ) -> None:
        self._report: dict[str, Any] = cells.report(config)
        if final:
            self._report["test_accuracy"] = cells.test(config)

    def step(self) -> dict[str, Any]:
        return {**self._report, "done": True}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing is to be kept: what is reported follows from the config."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """See above."""


def parameters(config: Mapping[str, Any], dataset: str = "cifar10") -> float:
    """Of the benchmark's network, dead edges included; as `nas_bench_201.build` makes it."""
    counts = _counts(config)
    classifier = 65 * DATASETS[dataset].classes  # 64 weights and a bias each
    return 72_656 + classifier + 28_000 * counts["nor_conv_1x1"] + 243_040 * counts["nor_conv_3x3"]


def flops(config: Mapping[str, Any], dataset: str = "cifar10") -> float:
    """Multiply-adds of one image forward; agrees with the benchmark's records to four digits."""
    counts = _counts(config)
    millions = 7.783 + 3.932 * counts["nor_conv_1x1"] + 35.389 * counts["nor_conv_3x3"]
    return 1e6 * millions * DATASETS[dataset].area


def estimated_seconds(config: Mapping[str, Any], dataset: str = "cifar10") -> float:
    """An estimate of 12 epochs and one validation on the benchmark's GPU.

    The table has no times. The three records that its authors publish are met if pooling costs as
    much as a 1 x 1 convolution, which is a guess; so is that a validation takes 4 s.
    """
    counts = _counts(config)
    cheap = counts["nor_conv_1x1"] + counts["avg_pool_3x3"]
    return DATASETS[dataset].time * (44 + 14 * cheap + 26 * counts["nor_conv_3x3"] + 4)


def _counts(config: Mapping[str, Any]) -> Counter[str]:
    return Counter(config[key(*edge)] for edge in EDGES)


def _rows(path: Path, dataset: str) -> dict[str, tuple[float, float]]:
    """By a cell's text: its validation and test accuracy."""
    import pyarrow.parquet as pq

    names = ["architecture", f"{dataset}_valid_accuracy_12", f"{dataset}_test_accuracy_200"]
    try:
        there = pq.read_schema(path).names
        missing = next((name for name in names if name not in there), None)
        if missing is not None:
            raise UserError(
                f"{path} is no table of NAS-Bench-201: it has no column {missing!r} but "
                f"{', '.join(there)}."
            )
        columns = pq.read_table(path, columns=names).to_pydict()
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a Parquet table: {error}.") from error
    found = {
        str(text): (valid, test)
        for text, valid, test in zip(*(columns[name] for name in names), strict=True)
    }
    odd = next((text for text, two in found.items() if not all(map(_is_percent, two))), None)
    if odd is not None:
        raise UserError(f"{path} has {found[odd]} for {odd}, which are no accuracies in percent.")
    if len(found) != CELL_COUNT or not all(map(_is_cell, found)):
        raise UserError(
            f"{path} has {len(found)} cells that differ, in its column 'architecture'; the "
            f"benchmark has {CELL_COUNT} such as {EXAMPLE}."
        )
    return found


def _is_percent(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value) and 0 <= value <= 100


def _is_cell(text: str) -> bool:
    try:
        return bool(parse_architecture(text))
    except UserError:
        return False
