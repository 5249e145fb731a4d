"""Tables of trials, of ours or of other tools: a row a trial, a column a parameter or a metric."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
from ray.tune.search.sample import Categorical, Domain, Integer

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError, as_number, finite, near_miss
from automl_on_ray.trainables.tables.columns import read

Results: TypeAlias = list[tuple[Config, dict[str, float]]]  # configs, and metrics by name

# Before a parameter's name: of Optuna; of Ray Tune, and ours; of MLflow; of Syne Tune; nothing.
BEFORE_PARAMETERS = ("params_", "config/", "params.", "config_", "")
BEFORE_METRICS = ("", "metrics.", "values_", "user_attrs_")
# How a trial ended: of ours in MLflow, Optuna, MLflow, Ax, ours, Syne Tune. And if it is whole:
ENDS = ("tags.automl.outcome", "state", "status", "trial_status", "outcome", "st_decision")
WHOLE = {"complete", "completed", "finished", "terminated", "success", "succeeded", "continue"}
# What our runs are for, in MLflow and in our `trials.csv`, where that column is beside the other:
ROLES = {"tags.automl.role": "tags.automl.outcome", "role": "outcome"}
NOT_SEARCHED = {"study", "final", "comparison"}
EXPLOITED = "tags.pbt.generation"  # ours in MLflow: it went on from another trial's checkpoint
STEPS = "training_iteration"  # of Ray Tune, whose tables do not say how a trial ended


@dataclass(frozen=True)
class TrialTable:
    """Of rows that count: as much of each config as there is, and all metrics, finite.

    `remarks` say why others do not count, and which column was taken for another name's metric.
    """

    rows: int
    results: Results
    remarks: tuple[str, ...]

    def sifted(self, fit: Callable[[Config], Config]) -> tuple[Results, str]:
        """Those whose config is one that `fit` makes fit, and all remarks as the end of a sentence.

        `fit` raises UserError for others.
        """
        found, error = [], ""
        for config, metrics in self.results:
            try:
                found.append((fit(config), metrics))
            except UserError as strange:
                error = str(strange).rstrip(".")
        outside = len(self.results) - len(found)
        remarks = [*self.remarks, *([f"{outside} outside the space ({error})"] if outside else [])]
        return found, "".join(f"; {remark}" for remark in remarks)


def read_trials(path: Path, space: SearchSpace, metrics: Sequence[str]) -> TrialTable:
    """Trials that ran to their end, of a Parquet or CSV file.

    Columns may be named as Optuna, Ray Tune, MLflow, Ax or Syne Tune do, or as our `trials.csv`. A
    metric may be written as in an objective, "accuracy" for "val_accuracy"; Optuna's `value` is the
    first one. UserError if there is no column for a metric, or none for any parameter.
    """
    frame, _ = read(path)
    parameters = _parameters(path, list(frame), space)
    others = [name for name in frame if name not in parameters.values()]
    measured = {
        metric: _metric(path, others, metric, number) for number, metric in enumerate(metrics)
    }
    trials = _trials(frame, others)
    alone = trials[trials[EXPLOITED].isna()] if EXPLOITED in others else trials
    ended = _ended(alone, others)
    found = [
        (_config(space, row, parameters), numbers)
        for row in ended.to_dict("records")
        if (numbers := _numbers(row, measured)) is not None
    ]
    counts = {
        "with another trial's checkpoint": len(trials) - len(alone),
        "not run to the end": len(alone) - len(ended),
        f"without {' or '.join(metrics)}": len(ended) - len(found),
    }
    remarks = [f"{count} {reason}" for reason, count in counts.items() if count]
    remarks += [f"{column} is taken for {metric}" for metric, column in measured.items()
                if metric.removeprefix("val_") not in column]  # fmt: skip
    return TrialTable(len(trials), found, tuple(remarks))


def _parameters(path: Path, columns: Sequence[str], space: SearchSpace) -> dict[str, str]:
    """Columns by keys of the space, all named in one way: beside `config/lr` `lr` is a metric."""
    ways = [
        {key: f"{before}{key}" for key in space.all if f"{before}{key}" in columns}
        for before in BEFORE_PARAMETERS
    ]
    found = next((way for way in ways if way.keys() & space.domains.keys()), None)
    if found is None:
        key = next(iter(space.domains))
        raise UserError(
            f"{path} has no column for any parameter of space {space.name!r}, such as {key!r}; it "
            f"has {', '.join(columns[:12])}.{near_miss(key, columns)}"
        )
    return found


def _metric(path: Path, columns: Sequence[str], metric: str, number: int) -> str:
    """The column of a metric, which is the objective of that number."""
    names = [
        f"{before}{name}"
        for name in (metric, metric.removeprefix("val_"))
        for before in BEFORE_METRICS
    ]
    names += [*(["value"] if number == 0 else []), f"values_{number}"]
    found = next((name for name in names if name in columns), None)
    if found is None:
        raise UserError(
            f"{path} has no column for metric {metric!r}; beside parameters it has "
            f"{', '.join(columns[:12]) or 'none'}.{near_miss(metric, columns)}"
        )
    return found


def _trials(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """One row a trial: the last one of each, where a row is a report; of the search alone."""
    if "trial_id" in columns and frame["trial_id"].notna().all():
        frame = frame.drop_duplicates("trial_id", keep="last")
    for role, end in ROLES.items():
        if {role, end} <= set(columns):
            frame = frame[~frame[role].isin(NOT_SEARCHED)]
    return frame


def _ended(trials: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Without those that failed, run or were stopped early, as far as the table tells."""
    ends = next((name for name in ENDS if name in columns), None)
    if ends is not None:
        return trials[[str(word).lower() in WHOLE for word in trials[ends]]]
    if STEPS in columns:
        return trials[trials[STEPS] == trials[STEPS].max()]
    return trials


def _numbers(row: Mapping[str, Any], measured: Mapping[str, str]) -> dict[str, float] | None:
    """Metrics; None unless all are finite."""
    found = {metric: finite(_number(row[column])) for metric, column in measured.items()}
    numbers = {metric: number for metric, number in found.items() if number is not None}
    return numbers if len(numbers) == len(found) else None


def _config(space: SearchSpace, row: Mapping[str, Any], parameters: Mapping[str, str]) -> Config:
    """Of cells that are filled: an empty one is of a parameter that does not apply, or None."""
    cells = {key: _plain(row[column]) for key, column in parameters.items()}
    cells = {key: space.plain({key: cell})[key] for key, cell in cells.items()}
    found = {key: _meant(space.all[key], cell) for key, cell in cells.items()}
    return {
        key: value
        for key, value in found.items()
        if value is not None or None in _options(space.all[key])
    }


def _plain(cell: Any) -> Any:
    """A cell as Python has it; None for an empty one."""
    if hasattr(cell, "tolist"):
        cell = cell.tolist()
    return None if pd.api.types.is_scalar(cell) and pd.isna(cell) else cell


def _meant(declared: Any, cell: Any) -> Any:
    """The value of a parameter that a cell stands for; what it cannot have stays as it is.

    A table may hold 64.0 or "64" for 64, "True" for True, and nothing for "None".
    """
    options = _options(declared)
    exact = [option for option in options if type(option) is type(cell) and option == cell]
    alike = exact or [option for option in options if _word(option) == _word(cell)]
    if options or cell is None:
        return alike[0] if alike else cell
    number = _number(cell)
    if number is None:
        return cell
    return int(number) if isinstance(declared, Integer) and number.is_integer() else number


def _options(declared: Any) -> Iterable[Any]:
    """Of a choice, or a constant; none of a range."""
    if isinstance(declared, Categorical):
        return list(declared.categories)
    return [] if isinstance(declared, Domain) else [declared]


def _word(value: Any) -> str:
    number = _number(value)
    return str(value).strip().lower() if number is None else repr(number)


def _number(value: Any) -> float | None:
    if not isinstance(value, str):
        return as_number(value)
    try:
        return float(value)
    except ValueError:
        return None
