"""docs/cluster.md done with `cluster-onprem.yaml`, on machines that share nothing but a folder.

The GPUs are declared and not there; the internet is not there either; S3 is moto's server on the
laptop. The tests are one story, in this order: each leaves the cluster whole to the next.
"""

import os
import time
from itertools import pairwise

import pytest

from tests.helpers.waiting import wait_until
from tests.hosts.machines import ADDRESSES, LAPTOP, Machines, missing
from tests.hosts.onprem import (
    CLUSTER,
    WORKERS,
    alive,
    check_tracked,
    checkpoints_in_bucket,
    commands,
    ended,
    in_bucket,
    prepare,
    reports,
    reports_in_bucket,
    runs,
    set_up,
    state_in_bucket,
    steps,
    submit,
    told,
    up,
    wait_for_reports,
)

pytestmark = pytest.mark.slow
NFS = "/root/nfs"


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Right after `ray up`, with two workers of two GPUs to come."""
    if "AUTOML_TEST_HOSTS" not in os.environ:
        pytest.skip("takes minutes, and wants the machine for itself: set AUTOML_TEST_HOSTS=1")
    if reason := missing():
        pytest.fail(reason)  # it was asked for
    with Machines(tmp_path_factory.mktemp("machines")) as found:
        prepare(found)
        up(found)
        yield found


@pytest.fixture
def cluster(machines):
    """All of it: what a test before has broken has come back by itself."""
    wait_until(lambda: alive(machines) == {ADDRESSES["h0"], *WORKERS}, 150)
    return machines


def test_an_architecture_search_may_be_submitted_at_once_and_is_kept_in_the_bucket(machines):
    """MLflow is starting, and no worker is there yet."""
    ended(submit(
        machines, "nas.py", "--name", "searched", "--dataset", "digits", "--stem-stride", 1,
        "--evaluation", "supernet",
        "--trials", 2, "--epochs", 1, "--search-images", 200, "--search-channels", 4,
        "--select-epochs", 1, "--select-images", 200, "--candidates", 1, "--random-cells", 0,
        "--layers", 3, "--channels", 4, "--final-epochs", 1, "--final-seeds", 1,
    ))  # fmt: skip
    found = reports_in_bucket(machines, "searched")
    assert found
    assert {each["node_ip"] for trial in found.values() for each in trial} <= WORKERS
    kept = in_bucket(machines, "searched/")
    assert any(key.endswith("/study.json") for key in kept)
    assert any("/search/" in key and "/checkpoint_" in key for key in kept)
    assert in_bucket(machines, "mlflow/artifacts/")
    model = ("models:/nas-digits/1", "--out", "/root/exported")
    ended(submit(machines, "export.py", *model))
    assert "model.onnx" in machines["h0"].run("ls /root/exported")
    roles = [run["automl.role"] for run in runs(machines, "searched")]
    assert (roles.count("study"), roles.count("supernet"), roles.count("final")) == (1, 2, 1)


def test_a_submitted_study_runs_on_all_workers_with_the_last_edit(cluster):
    """Its trainable is the user's own, in the repository's root. The study before it had the code
    as it was."""
    with (cluster[LAPTOP].home / "automl" / "trainables" / "__init__.py").open("a") as edited:
        edited.write("EDITION = 2\n")
    cluster[LAPTOP].run(f"ray rsync-up {CLUSTER}")
    asked = told("first", trials=8, epochs=5, storage=NFS, **{"final-seeds": 1})
    ended(submit(cluster, "hpo.py", *asked))
    found = reports(cluster, "first")
    assert [len(each) for each in found.values()] == [5] * 8
    assert {(each[0]["edition"], each[0]["node_ip"]) for each in found.values()} == {
        (2, worker) for worker in WORKERS
    }
    check_tracked(cluster, "first", 8)


def test_a_study_goes_on_after_its_driver_was_killed(cluster):
    asked = told("killed", trials=8, epochs=12, storage=NFS)
    first = submit(cluster, "hpo.py", *asked)
    wait_for_reports(cluster, "killed", first, 8)
    cluster["h0"].kill("hpo.py")
    assert first.wait(30) != 0
    before = {
        trial: each[-1]["training_iteration"] for trial, each in reports(cluster, "killed").items()
    }
    cut = {trial: epoch for trial, epoch in before.items() if epoch < 12}
    assert max(cut.values()) > 3
    ended(submit(cluster, "hpo.py", *asked))
    found = reports(cluster, "killed")
    assert [each[-1]["training_iteration"] for each in found.values()] == [12] * 8
    for trial, epoch in cut.items():
        assert found[trial][-1]["began"] >= epoch - 3, (cut, found[trial])
    check_tracked(cluster, "killed", 8)


def test_a_study_outlives_a_cut_link_and_a_killed_worker(cluster):
    process = submit(cluster, "hpo.py", *told("losses", trials=6, epochs=30, storage=NFS))
    wait_for_reports(cluster, "losses", process, 8)
    cluster.cut("h2")
    time.sleep(2)
    cluster["h1"].kill("raylet/raylet")
    try:
        ended(process)
    finally:
        cluster.mend("h2")
    found = reports(cluster, "losses")
    assert [each[-1]["training_iteration"] for each in found.values()] == [30] * 6
    steps = [step for each in found.values() for step in pairwise(each)]
    assert all(after["training_iteration"] > 1 for _, after in steps)  # none began anew
    again = [(before, after) for before, after in steps if before["began"] != after["began"]]
    assert {before["node_ip"] for before, _ in again} == WORKERS
    assert any(before["node_ip"] != after["node_ip"] for before, after in again)
    check_tracked(cluster, "losses", 6)


def test_a_study_in_a_bucket_outlives_the_head(cluster):
    """A new machine is the head, with an empty disk; all that lasts is in the bucket."""
    epochs = 100
    asked = told("lost", trials=4, epochs=epochs)
    first = submit(cluster, "hpo.py", *asked)
    states = set()

    def well_begun():
        """The second new state since each trial had a checkpoint knows of them."""
        assert first.poll() is None, first.communicate()[0]
        saved = checkpoints_in_bucket(cluster, "lost")
        if len(saved) == 4 and min(saved.values()) >= 10:
            states.add(state_in_bucket(cluster, "lost"))
        return len(states - {""}) >= 3

    wait_until(well_begun, 120)
    cluster["h0"].kill_all()
    before = checkpoints_in_bucket(cluster, "lost")
    cluster.replace("h0")
    set_up(cluster, "h0")
    assert first.wait(60) != 0
    cluster[LAPTOP].run(f"ray down -y {CLUSTER}")
    up(cluster)
    ended(submit(cluster, "hpo.py", *asked, "--trust-storage"))  # the new head has another key
    again = reports_in_bucket(cluster, "lost")
    assert len(again) == 4
    for trial, each in again.items():  # all that it told, the former head too
        assert each[-1]["began"] >= min(before.values()) - 3, (trial, before, each)
    assert [each[-1]["training_iteration"] for each in again.values()] == [epochs] * 4
    for run in check_tracked(cluster, "lost", 4):
        found = steps(cluster, run, "score")
        assert len(found) == len(set(found))
        assert found[-1] == epochs
    assert check_tracked(cluster, "killed", 8)  # as are runs of the studies before


def test_nothing_is_left_running_in_the_end(cluster):
    laptop = cluster[LAPTOP]
    ended(submit(cluster, "stop_cluster.py"))
    laptop.run(f"ray down -y {CLUSTER}")
    kept = in_bucket(cluster, "mlflow/mlflow.db")
    laptop.kill("moto.server")
    assert kept == ["mlflow/mlflow.db", "mlflow/mlflow.db.stamp"]  # nothing half-copied
    left = {}

    def quiet():
        left.update(commands(cluster))
        return not any(left.values())

    try:
        wait_until(quiet, 30)
    except TimeoutError:
        pytest.fail(str(left))
