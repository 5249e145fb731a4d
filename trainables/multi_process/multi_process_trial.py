"""One trial trained by several processes: a Tune trainable that has the work done by ranks.

The trial itself, the head, computes nothing: it starts a Ray actor for each rank, has all of them
do each step, and speaks to Tune. Ranks may be on other nodes; they find each other over TCP.
"""

import functools
import io
import os
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import ray
import torch
from ray import ObjectRef, tune
from ray.actor import ActorHandle
from ray.exceptions import RayActorError, RayTaskError
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy
from torch import distributed

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables._ray_internals import refuse_pickle, without_folder
from automl_on_ray.trainables._reports import plain
from automl_on_ray.trainables._torch_trainable import STATE_FILE, TorchTrainable, write_state
from automl_on_ray.trainables.multi_process.head import TrainedTogether, bundles
from automl_on_ray.trainables.multi_process.process_group import LostRankError, World

SIOCGIFADDR = 0x8915  # Linux: the address of an interface
GRACE = 10.0  # seconds for the first cause to arrive, after an error that is likely its consequence


def data_parallel(klass: type[TorchTrainable], workers: int) -> type[tune.Trainable]:
    """`klass`, trained by so many ranks; `klass` itself if it is one.

    The class has the name, the metrics and the keywords of `klass`, so that it is bound and
    restored like it; checkpoints are those of `klass`, whatever the number of ranks. A trial needs
    the resources of `bundles`: one for each rank, none for itself. What a rank raises, the trial
    raises; if one dies, LostRankError.
    """
    if workers < 1:
        raise UserError(f"A trial needs 1 worker or more, but got {workers}.")
    if workers == 1:
        return klass

    @functools.wraps(klass.setup)
    def setup(self: _Head, config: Config, **keywords: Any) -> None:
        self.start(config, keywords)

    inherited = {"METRICS": klass.METRICS} if hasattr(klass, "METRICS") else {}
    own = {"klass": klass, "workers": workers, "setup": setup, "__doc__": klass.__doc__}
    return type(klass.__name__, (_Head,), {**inherited, **own})


class _Head(TrainedTogether):
    """The trial as Tune sees it."""

    workers: ClassVar[int]
    _ranks: list[ActorHandle]
    _lost: LostRankError | None

    @classmethod
    def default_resource_request(cls, config: Config) -> tune.PlacementGroupFactory:
        return bundles(cls.workers, cpu=1, gpu=0)

    def start(self, config: Config, keywords: dict[str, Any]) -> None:
        """Start the ranks. If one is lost here already, the first step says so.

        Of an error of `setup` Ray keeps only the text, and that would not tell a lost machine.
        """
        self._ranks, self._lost = [], None
        try:
            self._start_ranks(config, keywords)
        except LostRankError as lost:
            self._lost = lost

    def _start_ranks(self, config: Config, keywords: dict[str, Any]) -> None:
        with self._ending_on_error():
            resources = _resources(self.workers)
            self._ranks = [_actor(own, i, self.workers) for i, own in enumerate(resources)]
            (meeting,) = _all([self._ranks[0].open.remote()])
            what = ray.put((self.klass, config, keywords))
            _all([
                rank.start.remote(what, number, self.workers, meeting, resources[number])
                for number, rank in enumerate(self._ranks)
            ])  # fmt: skip

    def step(self) -> dict[str, Any]:
        return self._on_all("step")[0]

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        with self._ending_on_error():
            (state,) = _all([self._ranks[0].state.remote()])
        write_state(checkpoint_dir, lambda part: part.write_bytes(state))

    def restore(self, checkpoint_path: Any) -> None:
        refuse_pickle(checkpoint_path)
        super().restore(checkpoint_path)

    def load_checkpoint(self, checkpoint: Any) -> None:
        self._on_all("load_state", ray.put((Path(checkpoint) / STATE_FILE).read_bytes()))

    def reset_config(self, new_config: Config) -> bool:
        return all(self._on_all("reset_config", new_config))

    def cleanup(self) -> None:
        for rank in self._ranks:
            ray.kill(rank)
        self._ranks = []

    def _on_all(self, method: str, *arguments: Any) -> list[Any]:
        if self._lost is not None:
            raise self._lost
        with self._ending_on_error():
            return _all([getattr(rank, method).remote(*arguments) for rank in self._ranks])

    @contextmanager
    def _ending_on_error(self) -> Iterator[None]:
        """Ranks that wait in a collective for one that failed would wait for ever."""
        try:
            yield
        except BaseException:
            self.cleanup()
            raise


class _Rank:
    """One process of a trial."""

    def open(self) -> tuple[str, int]:
        """Address and port at which the ranks will meet; this one, the first, keeps it open."""
        host = ray.util.get_node_ip_address()
        self._store = distributed.TCPStore(host, 0, is_master=True, wait_for_workers=False)
        return host, self._store.port

    def start(
        self,
        what: tuple[type[TorchTrainable], Config, dict[str, Any]],
        rank: int,
        size: int,
        meeting: tuple[str, int],
        resources: dict[str, float],
    ) -> None:
        """Meet the others and set the trainable up."""
        klass, config, keywords = what
        store = self._store if rank == 0 else distributed.TCPStore(*meeting, is_master=False)
        # Ranks that share a GPU cannot talk by NCCL.
        nccl = torch.cuda.is_available() and resources.get("GPU", 0) >= 1
        if not nccl:
            _choose_interface(ray.util.get_node_ip_address())
        distributed.init_process_group(
            "nccl" if nccl else "gloo", store=store, rank=rank, world_size=size
        )
        ranked: Any = by_hand(klass, keywords, resources)
        ranked.world = World(rank, size, "cuda" if nccl else "cpu")
        self._trainable = ranked(config=config)

    def step(self) -> dict[str, Any]:
        return plain(self._trainable.step())  # the head may have no GPU to read tensors with

    def reset_config(self, config: Config) -> bool:
        return self._trainable.reset_config(config)

    def state(self) -> bytes:
        """As a checkpoint file's: the head may have no GPU to hold the tensors themselves."""
        buffer = io.BytesIO()
        torch.save(self._trainable.state(), buffer)
        return buffer.getvalue()

    def load_state(self, state: bytes) -> None:
        loaded = torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
        self._trainable.load_state(loaded)


def by_hand(
    klass: type[tune.Trainable], keywords: dict[str, Any], resources: dict[str, float]
) -> type[tune.Trainable]:
    """`klass` with all that Tune would give it, for a process that Tune does not know of."""

    class ByHand(without_folder(klass)):  # type: ignore[misc]
        @property
        def trial_resources(self) -> tune.PlacementGroupFactory:
            return tune.PlacementGroupFactory([resources])

        def setup(self, config: Config) -> None:
            super().setup(config, **keywords)

    return ByHand


def _resources(workers: int) -> list[dict[str, float]]:
    """Of each rank; a CPU each outside Tune. UserError if the trial has too few bundles."""
    group = ray.util.get_current_placement_group()
    if group is None:
        return [{"CPU": 1.0}] * workers
    if len(group.bundle_specs) < workers:
        raise UserError(
            f"A trial of {workers} workers needs resources for each of them: give it those of "
            f"Resources.per_trial, or tune.PlacementGroupFactory([{{}}] + [...] * {workers})."
        )
    return [dict(bundle) for bundle in group.bundle_specs[-workers:]]


def _actor(resources: dict[str, float], index: int, workers: int) -> ActorHandle:
    """In the trial's placement group, in which the ranks' bundles are the last ones."""
    group = ray.util.get_current_placement_group()
    rest = {key: value for key, value in resources.items() if key not in ("CPU", "GPU", "memory")}
    options: dict[str, Any] = {
        "num_cpus": resources.get("CPU", 0),
        "num_gpus": resources.get("GPU", 0),
        "memory": resources.get("memory", 0) or None,
        "resources": rest,
    }
    if group is not None:
        first = len(group.bundle_specs) - workers
        options["scheduling_strategy"] = PlacementGroupSchedulingStrategy(group, first + index)
    actor: Any = ray.remote(_Rank).options(**options).remote()
    return actor


def _all(references: Sequence[ObjectRef]) -> list[Any]:
    """All results in order, or the error that was the first cause, not another rank's echo."""
    waiting = list(references)
    echo: Exception | None = None
    deadline = float("inf")
    while waiting:
        left = max(0.0, deadline - time.monotonic())
        done, waiting = ray.wait(waiting, timeout=None if echo is None else left)
        if not done:
            break
        try:
            ray.get(done)
        except RayActorError as error:
            number = references.index(done[0])
            lost = LostRankError(
                f"Worker {number + 1} of {len(references)} of this trial died: {error}"
            )
            lost.lost_actor = error.actor_id  # with its machine, perhaps
            raise lost from error
        except RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            if not isinstance(cause, LostRankError):
                raise cause from error
            echo, deadline = cause, min(deadline, time.monotonic() + GRACE)
    if echo is not None:
        raise echo
    return ray.get(list(references))


def _choose_interface(address: str) -> None:
    """Have gloo talk over `address`: left alone it takes the host name's, often 127.0.0.1."""
    try:
        import fcntl  # not on Windows, where gloo is left alone
    except ImportError:
        return
    for _, name in socket.if_nameindex():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            try:
                found = fcntl.ioctl(asked, SIOCGIFADDR, struct.pack("256s", name.encode()))
            except OSError:  # it has no address
                continue
        if socket.inet_ntoa(found[20:24]) == address:
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
