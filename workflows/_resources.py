"""How many trials run at once, and with what."""

import math
import os
import time
from dataclasses import dataclass
from typing import Literal, TypeAlias

import ray
import torch
from ray import tune

from search_spaces._errors import UserError
from trainables._data_parallel import bundles
from workflows._cluster import joins_cluster
from workflows._growth import ask_for_a_machine, may_start

AUTO: Literal["auto"] = "auto"
GpusAsked: TypeAlias = float | Literal["auto"] | None


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


def gpus_asked(text: str | None) -> GpusAsked:
    """What --gpus-per-trial says. UserError if it is no number and not `auto`."""
    if text is None:
        return None
    if text == AUTO:
        return AUTO
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"--gpus-per-trial takes a number or auto, but got {text!r}.")
    return number


def check_resources(
    *, slots: int | None, cpus: float | None, gpus: GpusAsked, address: str | None
) -> None:
    """UserError, before anything is started, for what this machine cannot give."""
    for option, value in (("--slots", slots), ("--cpus-per-trial", cpus)):
        if value is not None and value <= 0:
            raise UserError(f"{option} must be above zero, but got {value}.")
    gpus = None if gpus == AUTO else gpus
    if gpus is not None and gpus < 0:
        raise UserError(f"--gpus-per-trial must not be negative, but got {gpus}.")
    if ray.is_initialized():
        have = whole_cluster()
    elif joins_cluster(address):
        return  # only the cluster knows: `share_out` asks it
    else:
        have = {"CPU": os.cpu_count() or 1, "GPU": torch.cuda.device_count()}
    _refuse_more(cpus, have.get("CPU", 0), "CPU", "--cpus-per-trial")
    _refuse_more(gpus, have.get("GPU", 0), "GPU", "--gpus-per-trial")


def wait_for_workers(address: str | None, *, minutes: float = 20.0, calm: float = 10.0) -> None:
    """Until a cluster without any has CPUs, and no node has come for `calm` seconds.

    A new machine installs torch first; an autoscaler is asked for the first. A study has as many
    slots as there are, or may be, when it begins. Returns after `minutes`.
    """
    if not joins_cluster(address) or _cpus_now():
        return
    print(f"Waiting up to {minutes:g} min for workers: the cluster has no CPU yet.", flush=True)
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


def share_out(*, slots: int | None, cpus: float | None, gpus: float | None) -> Resources:
    """What each trial gets of the cluster: a GPU each if there are any, else a CPU each."""
    have = whole_cluster()
    total_cpus, total_gpus = have["CPU"], have["GPU"]
    if not total_cpus:
        raise UserError("The cluster has no CPU for trials: no worker is there, or may be started.")
    _refuse_more(cpus, total_cpus, "CPU", "--cpus-per-trial")
    _refuse_more(gpus, total_gpus, "GPU", "--gpus-per-trial")
    gpus = gpus if gpus is not None else float(total_gpus > 0)
    if cpus is None:
        fit = total_gpus / gpus if gpus else total_cpus
        wanted = slots if slots is not None else max(1, int(fit))
        cpus = max(1.0, total_cpus // wanted) if wanted <= total_cpus else total_cpus / wanted
    limits = [total_cpus / cpus] + ([total_gpus / gpus] if gpus else [])
    most = max(1, int(min(limits) + 1e-9))
    return Resources(min(slots, most) if slots else most, cpus, gpus)


def whole_cluster() -> dict[str, float]:
    """CPUs and GPUs that there are, or that an autoscaler may start: at first there may be none."""
    now = ray.cluster_resources()
    most = may_start()
    return {kind: max(now.get(kind, 0.0), most.get(kind, 0.0)) for kind in ("CPU", "GPU")}


def _cpus_now() -> float:
    return float(ray.cluster_resources().get("CPU", 0.0))


def check_workers(resources: Resources, **workers: int) -> None:
    """UserError for trials of more processes than the running cluster has room for."""
    have = whole_cluster()
    for name, count in workers.items():
        for kind, each in (("CPU", resources.cpus), ("GPU", resources.gpus)):
            if count > 1 and each * count > have.get(kind, 0.0) + 1e-9:
                raise UserError(
                    f"--{name.replace('_', '-')} {count} of {each:g} {kind} each ask for more than "
                    f"there is: this machine or cluster has {have.get(kind, 0.0):g}."
                )


def _refuse_more(wanted: float | None, have: float, kind: str, option: str) -> None:
    if wanted is not None and wanted > have:
        raise UserError(
            f"{option} {wanted:g} asks for more than there is: this machine or cluster has "
            f"{have:g} {kind}{'' if have == 1 else 's'}."
        )
