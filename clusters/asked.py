"""What a study asks of Ray's machines, judged before Ray is loaded, which takes seconds."""

import os
import sys
from collections.abc import Sequence
from typing import Literal, NamedTuple, NoReturn, TypeAlias

from automl_on_ray.search_spaces.core import UserError

AUTO: Literal["auto"] = "auto"
GpusAsked: TypeAlias = float | Literal["auto"] | None
LARGEST = "the largest machine"


class Machine(NamedTuple):
    """What a machine has of each, in whole or parts as Ray counts them."""

    cpus: float
    gpus: float


def joins_cluster(address: str | None) -> bool:
    """Whether a cluster was named, by `address` or by RAY_ADDRESS."""
    return (address or os.environ.get("RAY_ADDRESS") or "local") != "local"


def gpus_asked(text: str | None) -> GpusAsked:
    """What --gpus-per-trial says, which is in its range. UserError for a part above one."""
    if text is None:
        return None
    if text == AUTO:
        return AUTO
    number = float(text)
    if number > 1 and number % 1:  # Ray would end with a traceback
        raise UserError(f"--gpus-per-trial takes a whole number above 1, but got {text!r}.")
    return number


def check_asked(*, cpus: float | None, gpus: str | None, address: str | None) -> None:
    """UserError for what this machine cannot give, where a Ray is to be started on it."""
    wanted = gpus_asked(gpus)
    number = 0.0 if wanted is None or wanted == AUTO else wanted
    ray = sys.modules.get("ray")
    if not joins_cluster(address) and not (ray and ray.is_initialized()):
        check_here(cpus=cpus or 0.0, gpus=number)


def check_here(*, cpus: float, gpus: float) -> None:
    """UserError for a trial of more than this machine has."""
    there = 0
    if gpus:
        from automl_on_ray.clusters.ray_internals import gpus_here  # half a second

        there = gpus_here()
    refuse_more([Machine(os.cpu_count() or 1, there)], cpus=cpus, gpus=gpus)


def refuse_more(found: Sequence[Machine], *, cpus: float, gpus: float) -> None:
    """UserError for a trial that fits none of these machines, with what the largest has."""
    most_gpus = max((one.gpus for one in found), default=0.0)
    if gpus > most_gpus:
        _refuse("--gpus-per-trial", gpus, f"{LARGEST} has {counted(most_gpus, 'GPU')}")
    most = max((one.cpus for one in found if one.gpus >= gpus), default=0.0)
    if cpus > most:
        larger = any(one.cpus > most for one in found)
        beside = f" with {counted(gpus, 'GPU')}" if larger else ""
        _refuse("--cpus-per-trial", cpus, f"the largest machine{beside} has {counted(most, 'CPU')}")


def _refuse(option: str, wanted: float, have: str) -> NoReturn:
    raise UserError(f"{option} {wanted:g} asks for more than there is: {have}.")


def counted(number: float, kind: str) -> str:
    return f"{number:g} {kind}{'' if number == 1 else 's'}"
