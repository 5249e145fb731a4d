"""docs/cluster.md done with `cluster-onprem.yaml`, on machines that share nothing but a folder.

The GPUs are declared and not there; the internet is not there either.
"""

import json
import os
import shlex
import time
from collections import Counter
from itertools import pairwise

import pytest

from tests.cluster import filled
from tests.hosts.machines import ADDRESSES, LAPTOP, Machines, missing, wait_until

pytestmark = pytest.mark.slow

CLUSTER = "cluster-onprem.yaml"
WORKERS = {ADDRESSES["h1"], ADDRESSES["h2"]}
VALUES = {
    "FILL_IN_HEAD_ADDRESS": ADDRESSES["h0"],
    "FILL_IN_WORKER_ADDRESSES": ", ".join(sorted(WORKERS)),
    "FILL_IN_USER": "root",
    "FILL_IN_STORAGE": "/root/nfs",
}


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """After `ray up`, with two workers of two GPUs."""
    if "AUTOML_TEST_HOSTS" not in os.environ:
        pytest.skip("takes eight minutes: set AUTOML_TEST_HOSTS=1")
    if reason := missing():
        pytest.skip(reason)
    with Machines(tmp_path_factory.mktemp("machines")) as found:
        start = "ray start --address=$RAY_HEAD_IP:6379"
        text = filled.text(CLUSTER, VALUES)
        assert start in text
        given = text.replace(start, f"{start} --num-gpus=2")
        (found[LAPTOP].home / "automl" / CLUSTER).write_text(given)
        with (found[LAPTOP].home / ".bashrc").open("a") as settings:
            settings.write("export RAY_UP_enable_autoscaler_v2=0\n")
        found[LAPTOP].run(f"ray up -y {CLUSTER}", timeout=300)
        yield found


@pytest.fixture
def cluster(machines):
    """All of it: what a test before has broken has come back by itself."""
    wait_until(lambda: alive(machines) == {ADDRESSES["h0"], *WORKERS}, 150)
    return machines


def alive(machines):
    told = json.loads(machines["h0"].run("curl -fsS http://127.0.0.1:8265/api/v0/nodes"))
    nodes = told["data"]["result"]["result"]
    return {node["node_ip"] for node in nodes if node["state"] == "ALIVE"}


def submit(machines, name, *arguments):
    given = [
        "--name", name, "--trainable", "tests.hosts.told:Told", "--space", "tests.hosts.told:SPACE",
        "--objective", "score", "--searcher", "random", "--scheduler", "fifo", *arguments,
    ]  # fmt: skip
    line = shlex.join(str(word) for word in given)
    return machines[LAPTOP].start(f"ray submit {CLUSTER} workflows/hpo.py -- {line}")


def ended(process):
    output = process.communicate(timeout=300)[0]
    assert process.returncode == 0, output
    return output


def reports(machines, name):
    """What each trial has told, by its id."""
    found = {}
    for path in machines.shared.glob(f"{name}/search/*/result.json"):
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                report = json.loads(line)
                found.setdefault(report["trial_id"], []).append(report)
    return found


def wait_for_reports(machines, name, process, count):
    """Until so many have come from each worker."""

    def enough():
        assert process.poll() is None, process.communicate()[0]
        told = Counter(r["node_ip"] for each in reports(machines, name).values() for r in each)
        return all(told[worker] >= count for worker in WORKERS)

    wait_until(enough, 120)


def ask_mlflow(machines, what, **asked):
    """The server on the head answers its own machine only."""
    where = f"http://127.0.0.1:5000/api/2.0/mlflow/{what}/search"
    told = machines["h0"].run(
        f"curl -fsS -H 'Content-Type: application/json' {where} -d {shlex.quote(json.dumps(asked))}"
    )
    return json.loads(told).get(what, [])


def trials_in_mlflow(machines, name):
    """The tags of each run of a trial."""
    ids = [each["experiment_id"] for each in ask_mlflow(machines, "experiments", max_results=99)]
    found = ask_mlflow(machines, "runs", experiment_ids=ids, max_results=999)
    tags = [{tag["key"]: tag["value"] for tag in run["data"]["tags"]} for run in found]
    (study,) = {
        each["automl.study_id"] for each in tags
        if each["automl.role"] == "study" and each["mlflow.runName"] == name
    }  # fmt: skip
    return [
        each for each in tags
        if each["automl.role"] == "trial" and each["automl.study_id"] == study
    ]  # fmt: skip


def check_tracked(machines, name, trials):
    """Each trial has one run, which tells that it was completed."""
    tags = trials_in_mlflow(machines, name)
    assert len({each["automl.trial_id"] for each in tags}) == len(tags) == trials
    assert {each["automl.outcome"] for each in tags} == {"completed"}


def test_a_submitted_study_runs_on_all_workers(cluster):
    ended(submit(cluster, "first", "--trials", 8, "--epochs", 5, "--final-seeds", 1))
    told = reports(cluster, "first")
    assert [len(each) for each in told.values()] == [5] * 8
    assert {each[0]["node_ip"] for each in told.values()} == WORKERS
    check_tracked(cluster, "first", 8)


def test_an_edit_reaches_the_workers(cluster):
    with (cluster[LAPTOP].home / "automl" / "trainables" / "__init__.py").open("a") as edited:
        edited.write("EDITION = 2\n")
    cluster[LAPTOP].run(f"ray rsync-up {CLUSTER}")
    ended(submit(cluster, "edited", "--trials", 4, "--epochs", 5, "--final-seeds", 0))
    told = [report for each in reports(cluster, "edited").values() for report in each]
    assert {(report["edition"], report["node_ip"]) for report in told} == {
        (2, worker) for worker in WORKERS
    }


def test_a_study_goes_on_after_its_driver_was_killed(cluster):
    asked = ("killed", "--trials", 8, "--epochs", 12, "--final-seeds", 0)
    first = submit(cluster, *asked)
    wait_for_reports(cluster, "killed", first, 8)
    cluster["h0"].kill("hpo.py")
    assert first.wait(30) != 0
    ended(submit(cluster, *asked))
    assert [each[-1]["training_iteration"] for each in reports(cluster, "killed").values()] == (
        [12] * 8
    )
    check_tracked(cluster, "killed", 8)


def test_a_study_outlives_a_cut_link_and_a_killed_worker(cluster):
    process = submit(cluster, "losses", "--trials", 6, "--epochs", 30, "--final-seeds", 0)
    wait_for_reports(cluster, "losses", process, 8)
    cluster.cut("h2")
    time.sleep(2)
    cluster["h1"].kill("raylet/raylet")
    try:
        ended(process)
    finally:
        cluster.mend("h2")
    told = reports(cluster, "losses")
    assert [each[-1]["training_iteration"] for each in told.values()] == [30] * 6
    moved = [
        after["training_iteration"] for each in told.values()
        for before, after in pairwise(each)
        if before["node_ip"] != after["node_ip"]
    ]  # fmt: skip
    assert moved
    assert min(moved) > 1  # from a checkpoint
    check_tracked(cluster, "losses", 6)
