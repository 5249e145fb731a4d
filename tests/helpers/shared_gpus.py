"""Trials on two GPUs that Ray is told of: what each is given, at once, by its share.

python -m tests.helpers.shared_gpus FOLDER
"""

import json
import sys
from pathlib import Path

import ray
from ray import tune

from automl_on_ray import trainables
from automl_on_ray.clusters import assign_resources, gpu_share
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables import Reading
from tests.helpers import crashing
from tests.helpers.waiting import wait_until

GIGABYTE = 2**30


class Given(tune.Trainable):
    """Reports its GPUs when as many trials run as are to run at once."""

    def setup(self, config):
        self.folder, self.slots = Path(config["folder"]), config["slots"]

    def step(self):
        (self.folder / self.trial_id).touch()
        wait_until(lambda: len(list(self.folder.iterdir())) == self.slots)
        return {"gpus": [int(gpu) for gpu in ray.get_gpu_ids()], "done": True}

    def save_checkpoint(self, checkpoint_dir):
        pass


def given(gpus, folder):
    resources = assign_resources(slots=None, cpus=None, gpus=gpus)
    (folder / f"at-once-{gpus}").mkdir()
    results = tune.Tuner(
        tune.with_resources(Given, resources.per_trial),
        param_space={"folder": str(folder / f"at-once-{gpus}"), "slots": resources.slots},
        tune_config=tune.TuneConfig(num_samples=resources.slots),
        run_config=tune.RunConfig(name=f"share-{gpus}", storage_path=str(folder), verbose=0),
    ).fit()
    return [result.metrics["gpus"] for result in results]


def read(klass, keywords, config, cpus):
    """In place of what measures memory: 9 of 24 GB, on the one GPU that was asked for."""
    assert len(ray.get_gpu_ids()) == 1
    return Reading(9 * GIGABYTE, 24 * GIGABYTE)


def share(cpus):
    """As measured; or why not."""
    try:
        return gpu_share.measured_share(crashing.Steady, {}, crashing.HIGHER, cpus=cpus)
    except UserError as error:
        return str(error)


def main(folder):
    gpu_share.DRAWN = 0  # of one member: each takes a process
    with ray.init(address="local", num_cpus=6, num_gpus=2, include_dashboard=False):
        refused = [share(cpus=7.0), share(cpus=None)]
        trainables.measure = read
        measured = share(cpus=None)
        told = {str(gpus): given(gpus, folder) for gpus in (0.5, 2.0)}
    told |= {"refused": refused, "measured": measured}
    (folder / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
