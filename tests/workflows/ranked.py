"""A trial of two processes that loses a machine, the one without its head: told.json in
the folder says what became of it.

python -m tests.workflows.ranked FOLDER
"""

import json
import sys
import threading
import time
from pathlib import Path

from ray import tune
from ray._private.state import actors
from ray.cluster_utils import Cluster
from ray.tune.schedulers import FIFOScheduler

from schedulers._surviving import Surviving
from trainables._data_parallel import bundles, data_parallel
from trainables._torch_trainable import TorchTrainable

STEPS = 12
HAPPENED = []


class Counting(TorchTrainable):
    def setup(self, config):
        self.prepare(0)
        self.steps = 0

    def step(self):
        time.sleep(0.4)
        self.steps += 1
        return {"steps": self.steps, "done": self.steps >= STEPS}

    def state(self):
        return {**super().state(), "steps": self.steps}

    def load_state(self, state):
        super().load_state(state)
        self.steps = state["steps"]


def lose_a_rank(cluster, nodes, folder):
    """Take the machine of a rank away, once there are checkpoints; a third is there."""
    while len(list(Path(folder).glob("study/*/checkpoint_*"))) < 2:
        time.sleep(0.1)
    alive = [one for one in actors().values() if one["State"] == "ALIVE"]
    ranks = {a["Address"]["NodeID"] for a in alive if a["ActorClassName"].endswith("_Rank")}
    others = {a["Address"]["NodeID"] for a in alive if not a["ActorClassName"].endswith("_Rank")}
    lost = next(node for node in nodes if node.node_id in ranks - others)
    cluster.remove_node(lost, allow_graceful=False)
    HAPPENED.append("a rank")


class Starts(tune.Callback):
    """How often the trial was begun."""

    count = 0

    def on_trial_start(self, iteration, trials, trial, **info):
        self.count += 1


def main(folder):
    starts = Starts()
    head = {"num_cpus": 0, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head, connect=True)
    nodes = [cluster.add_node(num_cpus=1) for _ in range(3)]
    threading.Thread(target=lose_a_rank, args=(cluster, nodes, folder), daemon=True).start()
    (trial,) = tune.Tuner(
        tune.with_resources(data_parallel(Counting, 2), bundles(2, cpu=1, gpu=0)),
        tune_config=tune.TuneConfig(scheduler=Surviving(FIFOScheduler())),
        run_config=tune.RunConfig(
            name="study", storage_path=folder, verbose=0, callbacks=[starts],
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=1),
            failure_config=tune.FailureConfig(max_failures=0),
        ),
    ).fit()._experiment_analysis.trials  # fmt: skip
    told = {"failures": trial.num_failures, "steps": trial.last_result["steps"]}
    told |= {"lost": "".join(HAPPENED), "began": starts.count, "status": trial.status}
    (Path(folder) / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
