"""Ax's explorer: new values for a trial of a population that took over a checkpoint.

The model is in a process of its own, so a trial that takes over another's checkpoint waits for its
new values alone.
"""

import queue
from dataclasses import dataclass, replace

from automl_on_ray.search_spaces import Config, Exploit, Interval, SearchSpace
from automl_on_ray.searchers.ax.encoding import Encoding
from automl_on_ray.searchers.ax.remote_model import RemoteModel
from automl_on_ray.searchers.members import varying

MODEL = "automl_on_ray.searchers.ax.change_model:ChangeModel"


@dataclass(frozen=True)
class ExplorationConfig:
    """What the model is made from: trials last `max_t`, perturbed each `interval`."""

    space: SearchSpace
    max_t: int
    interval: int
    seed: int


class AxExplorer:
    """An Explorer. UserError for a space that Ax cannot hold."""

    def __init__(self, exploration: ExplorationConfig) -> None:
        Encoding(exploration.space)
        self._space = exploration.space
        self.model = RemoteModel(MODEL, replace(exploration, space=exploration.space.flat))
        self._asked: list[int] = []
        self._ready: dict[int, Config] = {}

    def get_ready(self) -> None:
        """UserError if the Ax that is here does not do."""
        self.model.get_ready()

    def tell(self, interval: Interval) -> None:
        self.model.send("tell", replace(interval, config=varying(self._space, interval.config)))

    def explore(self, exploit: Exploit, *, wait: bool) -> Config | None:
        if exploit.number not in self._asked and exploit.number not in self._ready:
            lean = replace(exploit, config=varying(self._space, exploit.config))
            self.model.send("suggest", lean)
            self._asked.append(exploit.number)
        while exploit.number not in self._ready:
            try:
                config = self.model.receive(None if wait else 0.0)
            except queue.Empty:
                if not wait:
                    return None
                continue
            self._ready[self._asked.pop(0)] = config
        return {**exploit.config, **self._ready.pop(exploit.number)}

    def drop(self, exploit: Exploit) -> None:
        self._ready.pop(exploit.number, None)
        self.model.send("drop", exploit.trial)

    def close(self) -> None:
        """End the model's process; it would end with this one anyhow."""
        self.model.close()
