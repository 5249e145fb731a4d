"""Ray's actors without their processes: Tune's own loop asks, and the answers come at once."""

from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ray.air.execution._internal import RayActorManager
from ray.air.execution._internal.tracked_actor import TrackedActor
from ray.tune.trainable import Trainable


class Handle:
    """What stands for Ray's handle of an actor: Tune's trial asks it one thing by itself."""

    def __init__(self, actor: Trainable) -> None:
        self.actor = actor
        self.get_auto_filled_metrics = SimpleNamespace(remote=lambda **_: None)


class InProcess(RayActorManager):
    """Does each task in this process, `slots` actors at a time; what Ray's core does is left out.

    That is its messages, its processes and its placement groups.
    """

    slots = 2

    def __init__(self, resource_manager: Any) -> None:
        super().__init__(resource_manager)
        self._events: deque[tuple[TrackedActor, Callable[[], None], Any]] = deque()
        self._waiting: deque[tuple[TrackedActor, type[Trainable], dict[str, Any]]] = deque()

    def next(self, timeout: float | None = None) -> bool:
        while self._waiting and len(self._live_actors_to_ray_actors_resources) < self.slots:
            self._begin(*self._waiting.popleft())
        if not self._events:
            return False
        self._events.popleft()[1]()
        return True

    def _begin(self, actor: TrackedActor, klass: Any, arguments: dict[str, Any]) -> None:
        started: Any = (Handle(klass(**arguments)), None)
        self._live_actors_to_ray_actors_resources[actor] = started
        self._events.append((actor, lambda: actor._on_start and actor._on_start(actor), None))

    def add_actor(self, cls: Any, kwargs: dict[str, Any], resource_request: Any, **on: Any) -> Any:
        self.count = getattr(self, "count", 0) + 1
        actor = TrackedActor(self.count, **on)
        klass = getattr(cls, "__ray_metadata__", cls)
        klass = getattr(klass, "modified_class", klass)
        self._waiting.append((actor, klass, kwargs))
        return actor

    def schedule_actor_task(
        self, tracked_actor: TrackedActor, method_name: str, args: Any = (), kwargs: Any = None,
        on_result: Any = None, on_error: Any = None, _return_future: bool = False,
    ) -> Any:  # fmt: skip
        live: Any = self._live_actors_to_ray_actors_resources.get(tracked_actor)
        if live is None:
            return None
        task = getattr(live[0].actor, method_name)

        def event() -> None:
            answer = task(*(args or ()), **(kwargs or {}))
            if on_result:
                on_result(tracked_actor, answer)

        self._events.append((tracked_actor, event, method_name))
        return object() if _return_future else None

    def remove_actor(self, tracked_actor: Any, kill: bool = False, stop_future: Any = None) -> bool:
        alive = self._live_actors_to_ray_actors_resources.pop(tracked_actor, None) is not None
        self._waiting = deque(one for one in self._waiting if one[0] is not tracked_actor)
        if alive and tracked_actor._on_stop:
            on_stop = tracked_actor._on_stop
            self._events.append((tracked_actor, lambda: on_stop(tracked_actor), None))
        return alive

    def clear_actor_task_futures(self, tracked_actor: TrackedActor) -> None:
        kept = (one for one in self._events if one[0] is not tracked_actor or one[2] is None)
        self._events = deque(kept)

    @property
    def num_pending_actors(self) -> int:
        return len(self._waiting)

    @property
    def num_total_actors(self) -> int:
        return self.num_live_actors + self.num_pending_actors

    @property
    def num_actor_tasks(self) -> int:
        return len(self._events)

    def cleanup(self) -> None:
        self._live_actors_to_ray_actors_resources.clear()
        self._waiting.clear()
        self._events.clear()
