"""What the driver knows of a trial that several processes train, without torch."""

from typing import ClassVar

from ray import tune


class TrainedTogether(tune.Trainable):
    """A trial of `klass`, by several processes."""

    klass: ClassVar[type[tune.Trainable]]


def alone(klass: type[tune.Trainable]) -> type[tune.Trainable]:
    """What `data_parallel` was given, if it made `klass`; else `klass`."""
    return klass.klass if issubclass(klass, TrainedTogether) else klass


def bundles(workers: int, *, cpu: float, gpu: float) -> tune.PlacementGroupFactory:
    """Resources of a trial of so many ranks, each with `cpu` and `gpu`; nodes as few as possible.

    The head waits nearly always: it needs no CPU.
    """
    return tune.PlacementGroupFactory([{}] + [{"CPU": cpu, "GPU": gpu}] * workers)
