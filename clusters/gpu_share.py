"""--gpus-per-trial auto: the share of a GPU that one trial was measured to need."""

import math
from typing import Any

import numpy as np
import ray
from ray import tune
from ray.exceptions import RayError
from ray.tune.search.sample import Categorical, Float, Integer

from automl_on_ray import trainables
from automl_on_ray.clusters.slots import assign_resources, machines
from automl_on_ray.command_line import console
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError

LEFT_FREE = 0.1  # of a GPU's memory: not each member of a space is measured
DRAWN = 2  # members beside the largest
MAX_TRIALS_PER_GPU = 64


def measured_share(
    klass: type[tune.Trainable],
    keywords: dict[str, Any],
    space: SearchSpace,
    *,
    cpus: float | None,
) -> float:
    """Of a GPU, for each trial, as measured on one of the running cluster's; 0 if it has none.

    UserError if PyTorch does not see that GPU, if no trial can be trained, or if there are fewer
    `cpus` than one is to have.
    """
    if not machines(gpus=1.0):
        return 0.0
    assign_resources(slots=None, cpus=cpus, gpus=1.0)  # refuses what would be waited for in vain
    console.print("Measuring how much of a GPU one trial needs.", style="dim")
    members = map(space.as_declared, demanding(space))
    readings = [_measured(klass, keywords, member, cpus or 1.0) for member in members]
    if not any(reading.total for reading in readings):
        raise UserError(
            "--gpus-per-trial auto: Ray has GPUs here that PyTorch does not see; install PyTorch "
            "for CUDA on the nodes (workflows/doctor.py --live tells which), or give a number."
        )
    fewest = min(one.cpus / one.gpus for one in machines(cpus=cpus or 0.0, gpus=1.0))
    share = share_of(readings, cpus_per_gpu=fewest / (cpus or 1.0))
    used, total = (max(getattr(r, key) for r in readings) / 2**30 for key in ("used", "total"))
    together = f"{int(1 / share)} at once on a GPU"
    console.print(f"A trial takes up to {used:.1f} of {total:.1f} GB: {together}.", style="dim")
    return share


def demanding(space: SearchSpace) -> list[Config]:
    """The member with the largest numbers, and some others as they come."""
    largest = {key: _largest(domain) for key, domain in space.domains.items()}
    drawn = [space.sample(np.random.default_rng(seed)) for seed in range(DRAWN)]
    return [space.active({**space.constants, **largest}), *drawn]


def share_of(readings: "list[trainables.Reading]", *, cpus_per_gpu: float) -> float:
    """Of a GPU for each trial: so many fit its memory, and have a CPU.

    UserError if none could be trained.
    """
    used, total = max(r.used for r in readings), max(r.total for r in readings)
    failed = [reading.error for reading in readings if reading.error]
    if len(failed) == len(readings) and used < total:
        raise UserError(f"--gpus-per-trial auto: no trial could be measured: {failed[0]}")
    fit = min(int(total * (1 - LEFT_FREE) / used), int(cpus_per_gpu), MAX_TRIALS_PER_GPU)
    return math.floor(1e4 / max(1, fit)) / 1e4  # Ray counts ten-thousandths: 6 x 0.1667 is too much


def _largest(domain: Any) -> Any:
    if isinstance(domain, Categorical):
        numbers = all(isinstance(one, int | float) for one in domain.categories)
        return max(domain.categories) if numbers else domain.categories[0]
    if isinstance(domain, Integer):
        return domain.upper - 1
    if isinstance(domain, Float):
        return domain.upper
    return domain.sample()


def _measured(
    klass: type[tune.Trainable], keywords: dict[str, Any], member: Config, cpus: float
) -> "trainables.Reading":
    """In a process of its own, on a GPU of its own. UserError if that process dies."""
    task: Any = ray.remote(max_calls=1, max_retries=1)(trainables.measure)
    asked = task.options(num_cpus=cpus, num_gpus=1)
    try:
        reading: trainables.Reading = ray.get(asked.remote(klass, keywords, member, cpus))
    except RayError as error:
        said = str(error).strip().splitlines()
        raise UserError(f"--gpus-per-trial auto: a trial's process died: {said[-1]}") from error
    return reading
