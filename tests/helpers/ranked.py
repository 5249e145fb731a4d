"""A trial of two processes that loses a machine under one of them as it begins, and another later.

Its head's machine stays. What became of it is in the folder's told.json.

python -m tests.helpers.ranked FOLDER
"""

import json
import sys
import threading
from pathlib import Path

import psutil
from ray import tune
from ray._private.state import actors
from ray.cluster_utils import Cluster
from ray.tune.schedulers import FIFOScheduler

from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.trainables import TorchTrainable
from automl_on_ray.trainables.multi_process import bundles, data_parallel
from tests.helpers.waiting import wait_until

STEPS = 5
HAPPENED = []


class Counting(TorchTrainable):
    """As it begins, and after two steps, it waits until a machine has been lost."""

    def setup(self, config):
        self.prepare(0)
        self.steps, self.folder = 0, Path(config["folder"])
        (self.folder / f"begun-by-{self.world.rank}").touch()
        wait_until((self.folder / "lost-1").exists)

    def step(self):
        if self.steps == 2:
            wait_until((self.folder / "lost-2").exists)
        self.steps += 1
        return {"steps": self.steps, "done": self.steps >= STEPS}

    def state(self):
        return {**super().state(), "steps": self.steps}

    def load_state(self, state):
        super().load_state(state)
        self.steps = state["steps"]


def lose_a_rank(cluster, nodes):
    """Take away the machine of a rank, not that of the trial's head; wait for its process, too."""
    alive = [a for a in actors().values() if a["State"] in ("ALIVE", "PENDING_CREATION")]
    of_ranks = [a for a in alive if a["ActorClassName"].endswith("_Rank")]
    ranks = {a["Address"]["NodeID"]: a["Pid"] for a in of_ranks}
    others = {a["Address"]["NodeID"] for a in alive if a not in of_ranks}
    lost = next(node for node in nodes if node.node_id in ranks.keys() - others)
    process = psutil.Process(ranks[lost.node_id])
    nodes.remove(lost)
    cluster.remove_node(lost, allow_graceful=False)
    process.wait(60)


def lose_two(cluster, nodes, folder):
    for number, files in enumerate(("begun-by-*", "study/*/checkpoint_*"), 1):
        wait_until(lambda: len(list(folder.glob(files))) >= 2)  # noqa: B023
        lose_a_rank(cluster, nodes)
        HAPPENED.append(files)
        (folder / f"lost-{number}").touch()


class Starts(tune.Callback):
    """How often the trial was begun."""

    count = 0

    def on_trial_start(self, iteration, trials, trial, **info):
        self.count += 1


def main(folder):
    starts = Starts()
    head = {"num_cpus": 0, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head, connect=True)
    nodes = [cluster.add_node(num_cpus=1) for _ in range(4)]
    threading.Thread(target=lose_two, args=(cluster, nodes, Path(folder)), daemon=True).start()
    (trial,) = tune.Tuner(
        tune.with_resources(data_parallel(Counting, 2), bundles(2, cpu=1, gpu=0)),
        param_space={"folder": folder},
        tune_config=tune.TuneConfig(scheduler=ResumableScheduler(FIFOScheduler())),
        run_config=tune.RunConfig(
            name="study", storage_path=folder, verbose=0, callbacks=[starts],
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=1),
            failure_config=tune.FailureConfig(max_failures=0),
        ),
    ).fit()._experiment_analysis.trials  # fmt: skip
    told = {"failures": trial.num_failures, "steps": trial.last_result["steps"]}
    told |= {"lost": len(HAPPENED), "began": starts.count, "status": trial.status}
    (Path(folder) / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
