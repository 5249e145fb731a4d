"""From the lines of runs to the table: mean rank and normalised score, with intervals.

A run's score is (constant - loss) / (constant - best): 0 is as good as the constant, 1 as good as
the best of all ways on this data set and seed. A way that is worse than the constant, or failed,
counts as the constant does, as in AMLB (Gijsbers et al. 2024). Losses are 1 - AUC, log loss, RMSE.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

CONSTANT = "constant"
REPEATS = 2_000
Line = Mapping[str, Any]


def losses(lines: Iterable[Line], ways: Sequence[str]) -> pd.DataFrame:
    """A row for each data set and seed of which all `ways` have a line, failed or not."""
    frame = pd.DataFrame(
        [(line["set"], line["seed"], line["way"], _loss(line)) for line in lines],
        columns=["set", "seed", "way", "loss"],
    ).drop_duplicates(["set", "seed", "way"], keep="last")
    asked = frame[frame.way.isin({*ways, CONSTANT})]
    seen = asked.groupby(["set", "seed"]).way.nunique()
    table = asked.pivot(index=["set", "seed"], columns="way", values="loss")
    whole = table.loc[seen[seen == len({*ways, CONSTANT})].index]
    return whole.apply(lambda row: row.fillna(row[CONSTANT]), axis=1)[list(ways)]


def scores(table: pd.DataFrame) -> pd.DataFrame:
    """Normalised to [0, 1]; all 0 where no way beats the constant."""
    constant, best = table[CONSTANT], table.min(axis=1)
    gain = (constant - best).where(constant > best, np.inf)
    return table.rsub(constant, axis=0).div(gain, axis=0).clip(lower=0)


def ranks(table: pd.DataFrame) -> pd.DataFrame:
    """1 is the best; equal losses share their mean rank."""
    return table.rank(axis=1, method="average")


def interval(values: pd.Series, seed: int = 0) -> tuple[float, float, float]:
    """The mean, and its 95 % interval by the bootstrap: data sets are drawn, then their seeds.

    `values` has the index (set, seed). Runs of one data set are alike, so each is drawn as one.
    """
    groups = [group.to_numpy() for _, group in values.groupby(level="set")]
    generator = np.random.default_rng(seed)
    means = []
    for _ in range(REPEATS):
        drawn = [groups[place] for place in generator.integers(len(groups), size=len(groups))]
        means.append(np.mean([generator.choice(each, len(each)).mean() for each in drawn]))
    low, high = np.quantile(means, (0.025, 0.975))
    return float(np.mean([group.mean() for group in groups])), float(low), float(high)


def standings(lines: Sequence[Line], ways: Sequence[str]) -> list[str]:
    """Lines of text: a way's rank, score, failures and CPU seconds, the best score first."""
    table = losses(lines, ways)
    if table.empty:
        return ["No data set and seed has a line of each way yet."]
    score, rank = scores(table), ranks(table)
    rows = []
    for way in sorted(table, key=lambda each: -score[each].groupby(level="set").mean().mean()):
        of_way = [line for line in lines if line["way"] == way]
        failed = sum("error" in line for line in of_way)
        seconds = [line["search_seconds"] for line in of_way if "search_seconds" in line]
        rows.append(
            f"{way:16}{_cell(score[way], '.3f'):>24}{_cell(rank[way], '.2f'):>22}"
            f"{failed:>8}{np.mean(seconds) if seconds else np.nan:>9.1f}"
        )
    seen = f"{table.index.get_level_values('set').nunique()} data sets, {len(table)} runs a way"
    return [seen, f"{'':16}{'score':>24}{'rank':>22}{'failed':>8}{'CPU s':>9}", *rows]


def differences(
    lines: Sequence[Line], ways: Sequence[str], ours: Sequence[str], others: Sequence[str]
) -> list[str]:
    """Lines of text: score of each of ours less that of each other, in pairs."""
    table = losses(lines, ways)
    if table.empty:
        return []
    score = scores(table)
    return [
        f"{mine} - {other}: {_cell(score[mine] - score[other], '+.3f')}, "
        f"better in {int((table[mine] < table[other]).sum())} of {len(table)}"
        for mine in ours
        for other in others
    ]


def by_data_set(lines: Sequence[Line], ways: Sequence[str]) -> list[str]:
    """Lines of text: the mean loss of each way on each data set."""
    means = losses(lines, ways).groupby(level="set").mean()
    return means.to_string(float_format="{:.4f}".format).splitlines() if len(means) else []


def _loss(line: Line) -> float:
    if "error" in line:
        return np.nan
    return 1 - line["value"] if line["metric"] == "auc" else line["value"]


def _cell(values: pd.Series, form: str) -> str:
    mean, low, high = interval(values)
    return f"{mean:{form}} [{low:{form}}, {high:{form}}]"
