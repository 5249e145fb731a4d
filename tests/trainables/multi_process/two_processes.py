"""Trials trained by two processes, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager

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
