"""Gives a trial its config as its space declares it: nested, and with the user's own values.

Ray Tune has it flat and with labels, in what it saves and sends; the trial's own process makes the
user's own of it.
"""

import functools
from typing import Any

from ray import tune

from automl_on_ray.search_spaces import Config, SearchSpace


def declared(trainable: type[tune.Trainable], space: SearchSpace) -> type[tune.Trainable]:
    """`trainable`, for which Tune's configs are made what `space` declares."""
    base: Any = trainable

    class Declared(base):
        @functools.wraps(base.setup)
        def setup(self, config: Config, **keywords: Any) -> None:
            super().setup(self._given(config), **keywords)

        def reset_config(self, new_config: Config) -> bool:
            return bool(super().reset_config(self._given(new_config)))

        def get_auto_filled_metrics(self, *args: Any, **keywords: Any) -> dict[str, Any]:
            found = super().get_auto_filled_metrics(*args, **keywords)
            # Schedulers and searchers know the config as Tune has it.
            return {**found, "config": self._told} if "config" in found else dict(found)

        def _given(self, config: Config) -> Config:
            self._told, self.config = config, space.as_declared(config)
            return space.as_declared(config)

    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        setattr(Declared, name, getattr(trainable, name))
    return Declared
