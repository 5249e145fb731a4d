"""Members of a space as rows of numbers: counts of their graphs' features, and unit coordinates."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from ray.tune.search.sample import Categorical
from scipy import sparse

from automl_on_ray.search_spaces import Config, Graph, SearchSpace
from automl_on_ray.searchers.members import to_unit

KERNELS: dict[str, Callable[[Graph], Counter[str]] | None] = {
    "wl": Graph.wl_features,
    "paths": Graph.paths,
    "unit": None,
}
MAX_REMEMBERED = 5_000  # members whose features are kept


@dataclass(frozen=True)
class Rows:
    """Of n members: counts (n, features) of their graphs, and what else they chose, (n, units)."""

    counts: sparse.csr_matrix
    units: np.ndarray

    def split(self, *sizes: int) -> "list[Rows]":
        """Parts of so many rows, and the rest."""
        ends = [0, *np.cumsum(sizes), len(self.units)]
        return [Rows(self.counts[a:b], self.units[a:b]) for a, b in pairwise(ends)]

    def distances(self, others: "Rows") -> np.ndarray:
        """Squared distances (parts, n, m): between graphs, then between what else was chosen."""
        width = max(self.counts.shape[1], others.counts.shape[1])
        parts = []
        if width:
            one, other = (_widened(rows.counts, width) for rows in (self, others))
            parts.append(_squared(one, other, (one @ other.T).toarray()))
        if self.units.shape[1]:
            units = self.units @ others.units.T
            parts.append(_squared(self.units, others.units, units))
        return np.array(parts)


@dataclass(frozen=True)
class _Row:
    columns: np.ndarray
    values: np.ndarray
    units: list[float]


class Features:
    """Encodes members by one of `KERNELS`: `wl` and `paths` of the graph, with `unit` for the rest.

    In `unit` a number is its place in its range, from 0 to 1, and a choice is one-hot: two members
    that chose otherwise are 1 apart, squared. A parameter with a condition has one more coordinate,
    whether it is active; while it is not, it stands in the middle.
    """

    def __init__(self, space: SearchSpace, kernel: str) -> None:
        self._space, self._of_graph = space, KERNELS[kernel]
        beside = space.flat.training if self._of_graph else space.domains
        self._domains = {key: d for key, d in space.domains.items() if key in beside}
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        """What is remembered only saves time."""
        own = {"_vocabulary", "_known"}
        return {key: value for key, value in self.__dict__.items() if key not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def rows(self, configs: Sequence[Config]) -> Rows:
        if len(self._known) > MAX_REMEMBERED:
            self._forget()
        found = [self._row(config) for config in configs]
        parts = (
            np.concatenate([row.values for row in found]),
            np.concatenate([row.columns for row in found]),
            np.cumsum([0, *(len(row.columns) for row in found)]),
        )
        counts = sparse.csr_matrix(parts, shape=(len(found), len(self._vocabulary)))
        return Rows(counts, np.array([row.units for row in found]))

    def _forget(self) -> None:
        self._vocabulary: dict[str, int] = {}
        self._known: dict[tuple[Any, ...], _Row] = {}

    def _row(self, config: Config) -> "_Row":
        key = (*config.items(), *map(type, config.values()))  # quicker than `key_of`
        if key not in self._known:
            counts: Counter[str] = Counter()
            if self._of_graph is not None and self._space.graph is not None:
                whole = {**self._space.constants, **config}
                counts = self._of_graph(self._space.graph(whole))
            known = self._vocabulary
            columns = [known.setdefault(name, len(known)) for name in counts]
            self._known[key] = _Row(
                np.array(columns, dtype=int),
                np.array(list(counts.values()), dtype=float),
                self._units(config),
            )
        return self._known[key]

    def _units(self, config: Config) -> list[float]:
        found: list[float] = []
        for key, domain in self._domains.items():
            unit = to_unit(domain, config[key]) if key in config else None
            if isinstance(domain, Categorical):
                chosen = -1 if unit is None else int(unit * len(domain))
                found += [(index == chosen) * 0.5**0.5 for index in range(len(domain))]
            else:
                found.append(0.5 if unit is None else unit)
            if key in self._space.conditions:
                found.append(float(unit is not None))
        return found


def _widened(counts: sparse.csr_matrix, width: int) -> sparse.csr_matrix:
    """With columns for features that were met later."""
    parts = (counts.data, counts.indices, counts.indptr)
    return sparse.csr_matrix(parts, shape=(counts.shape[0], width))


def _squared(one: Any, other: Any, inner: np.ndarray) -> np.ndarray:
    norms = [np.asarray((each.multiply(each) if sparse.issparse(each) else each**2).sum(1)).ravel()
             for each in (one, other)]  # fmt: skip
    squared: np.ndarray = np.maximum(norms[0][:, None] + norms[1][None] - 2 * inner, 0.0)
    return squared
