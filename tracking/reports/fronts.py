"""Pareto fronts, also of values that come trial by trial, and the hypervolume under them."""

import operator
from collections.abc import Sequence

Point = tuple[float, float]


class Front:
    """Of the points told so far, those that no other dominates. Of each value higher is better.

    `worst` has the lowest of each value told so far.
    """

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.worst: Point | None = None

    def add(self, x: float, y: float) -> bool:
        """Whether the front has changed."""
        low = self.worst or (x, y)
        self.worst = min(low[0], x), min(low[1], y)
        if any(a >= x and b >= y for a, b in self.points):
            return False
        self.points = [(a, b) for a, b in self.points if not (x >= a and y >= b)]
        self.points.append((x, y))
        return True


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """What `points` dominate above `reference` (Zitzler and Thiele 1999), in their units."""
    moved = [(x - reference[0], y - reference[1]) for x, y in points]
    return volume(front_of([point for point in moved if min(point) > 0]))


def front_of(values: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Those that no other matches in all and beats in one."""
    front: list[tuple[float, ...]] = []
    for one in sorted(set(values), reverse=True):  # so that none is beaten by a later one
        if not any(all(map(operator.ge, other, one)) for other in front):
            front.append(one)
    return front


def volume(points: Sequence[tuple[float, ...]]) -> float:
    """Of the union of the boxes from the origin to each of the positive `points`, by slices.

    Exact for any number of objectives; the time grows with its power.
    """
    if not points:
        return 0.0
    if len(points[0]) == 1:
        return max(point[0] for point in points)
    total, rest = 0.0, sorted(points, key=lambda point: -point[-1])
    for number, point in enumerate(rest):
        below = rest[number + 1][-1] if number + 1 < len(rest) else 0.0
        if point[-1] > below:
            slice_ = front_of([one[:-1] for one in rest[: number + 1]])
            total += volume(slice_) * (point[-1] - below)
    return total
