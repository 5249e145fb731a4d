"""How many trials run at once, and the CPUs and GPUs of each."""

import math
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import ray
from ray import tune

from automl_on_ray.clusters.asked import (
    AUTO,
    GpusAsked,
    Machine,
    check_here,
    counted,
    joins_cluster,
    refuse_more,
)
from automl_on_ray.clusters.autoscaler import ask_for_a_machine, kinds, may_start
from automl_on_ray.command_line import step
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.multi_process import bundles

MIN_CPUS = 0.01  # of a CPU, where more slots than CPUs are asked for: so there is an end to it


@dataclass(frozen=True)
class Resources:
    """`slots` trials at once, each with `cpus` and `gpus` (which may be a fraction)."""

    slots: int
    cpus: float
    gpus: float

    @property
    def per_trial(self) -> dict[str, float]:
        return {"cpu": self.cpus, "gpu": self.gpus}

    def of(self, workers: int) -> dict[str, float] | tune.PlacementGroupFactory:
        """A trial's that so many processes train, each with what a trial has alone."""
        if workers == 1:
            return self.per_trial
        return bundles(workers, cpu=self.cpus, gpu=self.gpus)

    def at_once(self, workers: int) -> int:
        """Trials of so many workers."""
        return max(1, self.slots // workers)


def check_resources(*, cpus: float | None, gpus: GpusAsked, address: str | None) -> None:
    """UserError, before anything is started, for what this machine cannot give."""
    gpus = None if gpus == AUTO else gpus
    if ray.is_initialized():
        refuse_more([*_alive(), *kinds()], cpus=cpus or 0.0, gpus=gpus or 0.0)
    elif not joins_cluster(address):  # only a cluster knows: `assign_resources` asks it
        check_here(cpus=cpus or 0.0, gpus=gpus or 0.0)


def refuse_idle_gpus(klass: type[tune.Trainable], gpus: GpusAsked) -> None:
    """UserError for GPUs that nothing would use: a trial of ours computes on one.

    A user's own may use several.
    """
    ours = klass.__module__.startswith("automl_on_ray.")
    if ours and gpus is not None and gpus != AUTO and gpus > 1:
        raise UserError(
            f"--gpus-per-trial {gpus:g}: {klass.__name__} trains on one GPU a process, so the "
            "others would be idle. Give 1 or less; --train-workers has several train one model."
        )


def wait_for_workers(address: str | None, *, minutes: float = 20.0, calm: float = 10.0) -> None:
    """Until a cluster without any has CPUs, and no node has come for `calm` seconds.

    A new machine installs torch first; an autoscaler is asked for the first. A study has as many
    slots as there are, or may be, when it begins. Returns after `minutes`.
    """
    if not joins_cluster(address) or _cpus_now():
        return
    print(f"Waiting up to {minutes:g} min for workers: the cluster has no CPU yet.", flush=True)
    with step("Waiting for workers"):
        _wait_for_cpus(minutes, calm)


def _wait_for_cpus(minutes: float, calm: float) -> None:
    began = changed = time.monotonic()
    nodes = 0
    asked = ask_for_a_machine()
    while time.monotonic() < began + 60 * minutes:
        now = sum(node["Alive"] for node in ray.nodes())
        if now != nodes:
            nodes, changed = now, time.monotonic()
        elif _cpus_now() and time.monotonic() > changed + calm:
            return
        elif not _cpus_now() and ray.wait([asked], timeout=0)[0]:
            asked = ask_for_a_machine()  # the first was lost as soon as it was there
        time.sleep(0.5)
    ray.cancel(asked)


def assign_resources(*, slots: int | None, cpus: float | None, gpus: float | None) -> Resources:
    """What each trial gets of one machine: a GPU each if there are any, else a CPU each.

    UserError for a trial that fits no machine: Ray would wait for one without a word.
    """
    if not machines():
        raise UserError("The cluster has no CPU for trials: no worker is there, or may be started.")
    if gpus is None:
        gpus = float(bool(machines(gpus=1.0)))
    refuse_more([*_alive(), *kinds()], cpus=cpus or 0.0, gpus=gpus)
    found = machines(cpus=cpus or 0.0, gpus=gpus)
    if cpus is None:
        cpus = _cpus_each(found, gpus, slots)
    most = _room(found, cpus, gpus)
    return Resources(min(slots, most) if slots else most, cpus, gpus)


def machines(*, cpus: float = 0.0, gpus: float = 0.0) -> list[Machine]:
    """Those with so much each: that there are, or that an autoscaler may start.

    At first there may be none. Those without CPUs, as a cluster's head, run no trials.
    """
    there = [one for one in _alive() if one.cpus >= cpus and one.gpus >= gpus]
    may = may_start(cpus=cpus, gpus=gpus)

    def size(some: list[Machine]) -> tuple[float, float]:
        return sum(one.gpus for one in some) if gpus else 0.0, sum(one.cpus for one in some)

    return max(there, may, key=size)


def memory_of_a_trial(resources: Resources) -> int:
    """Bytes: by its CPUs, of what Ray lets tasks take of a machine's memory; the least of any."""
    have = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    shares = [
        one["memory"] * min(1.0, resources.cpus / one["CPU"]) for one in have if one.get("CPU")
    ]
    return int(min(shares))


def check_workers(resources: Resources, **workers: int) -> None:
    """UserError for trials of more processes than the running cluster has room for.

    They may be on several machines, but each is on one.
    """
    cpus, gpus = resources.cpus, resources.gpus
    room = _room(machines(cpus=cpus, gpus=gpus), cpus, gpus)
    each = counted(cpus, "CPU") + (f" and {counted(gpus, 'GPU')}" if gpus else "")
    for name, count in workers.items():
        if count > max(1, room):
            raise UserError(
                f"--{name.replace('_', '-')} {count} of {each} each ask for more than there is: "
                f"this machine or cluster has room for {room}."
            )


def _alive() -> list[Machine]:
    have = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [Machine(one["CPU"], one.get("GPU", 0.0)) for one in have if one.get("CPU")]


def _cpus_now() -> float:
    return float(ray.cluster_resources().get("CPU", 0.0))


def _cpus_each(found: Sequence[Machine], gpus: float, slots: int | None) -> float:
    """The most that so many trials can have at once; without `slots`, as many as there may be."""
    if gpus:
        places = sum(_gpu_places(one.gpus, gpus) for one in found)
    else:
        least = MIN_CPUS if slots else 1.0
        places = max(1, sum(int(one.cpus / least) for one in found))
    wanted = min(slots or places, places)
    shares = {one.cpus / count for one in set(found) for count in range(1, wanted + 1)}
    falling = sorted(shares, reverse=True)  # and the room grows
    each = falling[bisect_left(falling, wanted, key=lambda share: _room(found, share, gpus))]
    # Ray counts ten-thousandths: three times 0.6667 is more than 2.
    return float(math.floor(each)) if each >= 1 else math.floor(1e4 * each) / 1e4


def _room(found: Sequence[Machine], cpus: float, gpus: float) -> int:
    """Trials of so much at once."""
    room = 0
    for one in found:
        fit = int(one.cpus / cpus + 1e-9)
        room += min(fit, _gpu_places(one.gpus, gpus)) if gpus else fit
    return room


def _gpu_places(have: float, each: float) -> int:
    """Trials at once on the GPUs of one machine: none has parts of two."""
    return int(have) * int(1 / each + 1e-9) if each < 1 else int(have / each + 1e-9)
