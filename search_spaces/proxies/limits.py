"""Limits to what a network costs."""

from collections.abc import Mapping
from dataclasses import dataclass

COUNTED = ("parameters", "flops")  # without a device


@dataclass(frozen=True)
class Limit:
    """`metric` is at most, or at least, the `bound`."""

    metric: str
    at_most: bool
    bound: float

    def __str__(self) -> str:
        return f"{self.metric} {'<=' if self.at_most else '>='} {self.bound:g}"

    def holds(self, costs: Mapping[str, float]) -> bool:
        """Also where the metric is not among the `costs` yet."""
        value = costs.get(self.metric, self.bound)
        return value <= self.bound if self.at_most else value >= self.bound
