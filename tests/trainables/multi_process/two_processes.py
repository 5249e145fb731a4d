"""Trials trained by two processes, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import ray
from ray import tune

from automl_on_ray.trainables.multi_process import data_parallel


def trial(klass, config, *, workers=2, **keywords):
    class Bound(data_parallel(klass, workers)):  # as tune.with_parameters binds keywords
        def setup(self, config):
            super().setup(config, **keywords)

    return Bound(config=dict(config))


@contextmanager
def running(*arguments, **keywords) -> Iterator[tune.Trainable]:
    head = trial(*arguments, **keywords)
    try:
        yield head
    finally:
        head.cleanup()


def failure_of(head):
    """What its step raises, after which none of its processes is left to wait for another."""
    ranks = list(head._ranks)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - told by the tests
        head.step()
    for rank in ranks:
        with pytest.raises(ray.exceptions.RayActorError):
            ray.get(rank.state.remote(), timeout=15)
    return raised.value
