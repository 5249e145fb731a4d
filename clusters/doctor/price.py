"""What an hour of the cluster costs, at least and at most."""

from dataclasses import dataclass

from automl_on_ray.clusters.doctor.finding import ClusterFile, Finding, warning
from automl_on_ray.clusters.doctor.instances import PRICES, PRICES_DATE, PRICES_REGION


@dataclass(frozen=True)
class Shape:
    """`machines` by instance type; `dollars` an hour, None if the price of one is not known."""

    machines: dict[str, int]
    dollars: float | None

    def __str__(self) -> str:
        counts = ", ".join(f"{count} x {name}" for name, count in self.machines.items())
        return f"{counts}: " + ("unknown" if self.dollars is None else f"${self.dollars:.2f}")


def shapes(cluster: ClusterFile) -> tuple[Shape, Shape] | None:
    """The smallest and the dearest cluster that the file allows; None for machines of one's own."""
    if not cluster.on_aws:
        return None
    types = {
        name: str(kind["node_config"].get("InstanceType", "?"))
        for name, kind in cluster.node_types.items()
    }
    least = {name: kind.get("min_workers", 0) for name, kind in cluster.node_types.items()}
    most = dict(least)
    left = cluster.prepared["max_workers"] - sum(least.values())
    # The dearest first, an unknown one before all: then the sum is unknown too, not too small.
    for name in sorted(types, key=lambda name: -PRICES.get(types[name], float("inf"))):
        allowed = cluster.node_types[name].get("max_workers", cluster.prepared["max_workers"])
        more = max(0, min(left, allowed - least[name]))
        most[name] += more
        left -= more
    head = types[cluster.head_type]
    return _shape(head, types, least), _shape(head, types, most)


def _shape(head: str, types: dict[str, str], workers: dict[str, int]) -> Shape:
    machines = {head: 1}
    for name, count in workers.items():
        if count:
            machines[types[name]] = machines.get(types[name], 0) + count
    if any(name not in PRICES for name in machines):
        return Shape(machines, None)
    return Shape(machines, sum(PRICES[name] * count for name, count in machines.items()))


def check_prices(cluster: ClusterFile) -> list[Finding]:
    both = shapes(cluster)
    names = {name for shape in both or () for name in shape.machines}
    return [
        warning(
            f"The price of {name} is not in the table (clusters/doctor/instances.py).",
            "What the cluster costs cannot be told.",
            "Look it up, and add it to the table.",
        )
        for name in sorted(names - PRICES.keys())
    ]


def price_lines(cluster: ClusterFile) -> list[str]:
    """For people to read, with all that the figures do not say."""
    both = shapes(cluster)
    if both is None:
        return []
    return [
        f"An hour of the smallest cluster: {both[0]}",
        f"An hour of the largest cluster:  {both[1]}",
        f"(On-demand list prices of {PRICES_REGION}, {PRICES_DATE}, without disks and traffic: "
        "check before use. For spot machines they are an upper bound.)",
    ]
