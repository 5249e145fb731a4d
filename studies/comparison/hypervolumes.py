"""The volume that a front dominates (Zitzler and Thiele 1999), as a share of a known front's."""

from collections.abc import Sequence

import numpy as np

from automl_on_ray.tracking.reports import front_of, volume

MARGIN = 0.1  # of a front's extent, by which the usual reference lies below its worst values


class Box:
    """What is between a `reference` and the front of all `values`; higher is better in each.

    Without one, the reference is the worst values on that front, less a tenth of its extent
    (Ishibuchi et al. 2018).
    """

    def __init__(
        self, values: Sequence[tuple[float, ...]], reference: Sequence[float] | None = None
    ) -> None:
        front = np.array(front_of(values))
        extent = front.max(axis=0) - front.min(axis=0)
        usual = front.min(axis=0) - MARGIN * np.where(extent > 0, extent, 1.0)
        self.reference = usual if reference is None else np.asarray(reference, dtype=float)
        self.scale = np.where(
            front.max(axis=0) > self.reference, front.max(axis=0) - self.reference, 1
        )
        self.size = self._volume(front)

    def share(self, values: Sequence[tuple[float, ...]]) -> float:
        return self._volume(np.array(values)) / self.size if self.size > 0 else float("nan")

    def _volume(self, values: np.ndarray) -> float:
        inside = values[(values > self.reference).all(axis=1)]
        return volume([tuple(row) for row in (inside - self.reference) / self.scale])
