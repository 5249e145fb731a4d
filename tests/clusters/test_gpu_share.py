"""How many trials share a GPU, by what one was measured to take."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
from hypothesis import given, strategies as some
from ray import tune

from automl_on_ray.clusters import gpu_share, gpus_asked, slots
from automl_on_ray.clusters.autoscaler import Machine
from automl_on_ray.clusters.gpu_share import MAX_TRIALS_PER_GPU, demanding, share_of
from automl_on_ray.search_spaces import Condition, SearchSpace, mnist_cnn
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables import Reading, measure
from tests.helpers import crashing

ROOT = Path(__file__).parents[2]
GIGABYTE = 2**30


@given(used=some.integers(1, 48 * GIGABYTE), cpus=some.floats(0.1, 256))
def test_trials_that_share_a_gpu_fit_its_memory_and_have_a_cpu_each(used, cpus):
    total = 24 * GIGABYTE
    share = share_of([Reading(used // 2, total), Reading(used, total)], cpus_per_gpu=cpus)
    together = int(1 / share)
    assert share * together <= 1
    assert together == 1 or (together * used <= 0.9 * total and together <= cpus)
    one_more = together + 1
    assert one_more * used > 0.9 * total or one_more > min(cpus, MAX_TRIALS_PER_GPU)


def test_a_trial_that_a_gpu_is_too_small_for_has_all_of_it_to_itself():
    full = Reading(GIGABYTE, GIGABYTE, "OutOfMemoryError: 2 GiB")
    assert share_of([full], cpus_per_gpu=8) == 1.0


def test_members_that_failed_do_not_count_unless_all_do():
    good, bad = Reading(GIGABYTE, 10 * GIGABYTE), Reading(1, 10 * GIGABYTE, "ValueError: no")
    assert share_of([good, bad], cpus_per_gpu=8) == pytest.approx(1 / 8)
    with pytest.raises(UserError, match="no trial could be measured: ValueError: no"):
        share_of([bad, bad], cpus_per_gpu=8)


def test_the_largest_member_of_a_space_is_measured():
    space = SearchSpace(
        "sizes",
        architecture={"width": tune.choice([8, 32, 16]), "depth": tune.randint(1, 5)},
        training={
            "kind": tune.choice(["plain", "wide"]), "rate": tune.loguniform(1e-4, 1e-1),
            "factor": tune.uniform(1.0, 2.0), "fixed": 3,
        },
        conditions={"factor": Condition("kind", ("wide",))},
    )  # fmt: skip
    largest, *others = demanding(space)
    assert largest == {"width": 32, "depth": 4, "kind": "plain", "rate": 1e-1, "fixed": 3}
    assert others
    for member in demanding(space):
        space.check(member)
    for member in demanding(mnist_cnn.SPACE):
        mnist_cnn.SPACE.check(member)


def test_a_probe_trains_one_step_and_tells_of_a_failure():
    assert measure(crashing.Steady, {"epochs": 1}, {"x": 1.0}, 1.0).error == ""
    told = measure(crashing.Steady, {"epochs": 1}, {"y": 1.0}, 1.0).error
    assert told == "KeyError: 'x'"


def test_more_than_one_gpu_are_whole_ones():
    with pytest.raises(UserError, match=r"takes a whole number above 1, but got '1\.5'"):
        gpus_asked("1.5")
    assert [gpus_asked(text) for text in ("0.3", "1", "2", "2.0")] == [0.3, 1.0, 2.0, 2.0]


def test_trials_get_no_gpu_where_there_is_none(ray_cluster):
    assert gpu_share.measured_share(crashing.Steady, {}, crashing.HIGHER, cpus=None) == 0.0


@pytest.fixture(scope="module")
def given_out(tmp_path_factory):
    """What trials on two GPUs that are declared, not there, were given."""
    folder = tmp_path_factory.mktemp("shared")
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.shared_gpus", str(folder)], cwd=ROOT,
        capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "told.json").read_text()), done.stdout


@pytest.mark.whole
@pytest.mark.parametrize(("gpus", "trials", "each"), [("0.5", 4, 1), ("2.0", 1, 2)])
def test_ray_gives_trials_halves_and_several(given_out, gpus, trials, each):
    found = given_out[0][gpus]
    assert [len(own) for own in found] == [each] * trials
    # All at once, and none has more than its share of one.
    assert Counter(gpu for own in found for gpu in own) == dict.fromkeys((0, 1), trials * each / 2)


@pytest.mark.whole
@pytest.mark.skipif(torch.cuda.is_available(), reason="PyTorch sees a GPU here")
def test_gpus_that_pytorch_does_not_see_are_an_error(given_out):
    cpus, gpus = given_out[0]["refused"]
    assert cpus.startswith("--cpus-per-trial 7 asks for more than there is")
    assert gpus.startswith("--gpus-per-trial auto: Ray has GPUs here that PyTorch")


@pytest.mark.whole
def test_a_share_is_measured_on_a_gpu_of_the_cluster(given_out):
    told, printed = given_out
    assert told["measured"] == 0.5
    assert "A trial takes up to 9.0 of 24.0 GB: 2 at once on a GPU." in printed


@pytest.mark.parametrize(("cpus", "share"), [(None, 1 / 8), (2.0, 1 / 4), (16.0, 1.0)])
def test_only_cpus_of_machines_with_gpus_bound_how_many_share_one(cpus, share, monkeypatch):
    """There would be room in its memory for ten."""
    machines = [Machine(64.0, 0.0), Machine(16.0, 2.0), Machine(32.0, 2.0)]
    monkeypatch.setattr(slots, "_alive", lambda: machines)
    reading = Reading(2 * GIGABYTE, 24 * GIGABYTE)
    monkeypatch.setattr(gpu_share, "_measured", lambda *asked: reading)
    assert gpu_share.measured_share(crashing.Steady, {}, crashing.HIGHER, cpus=cpus) == share
