"""What each trial gets, on machines that are made up: no trial may fit none of them."""

import pytest
import ray
import yaml
from hypothesis import given, strategies as some

from automl_on_ray.clusters import (
    Resources,
    assign_resources,
    autoscaler,
    check_resources,
    check_workers,
    refuse_idle_gpus,
)
from automl_on_ray.clusters.autoscaler import Machine
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.image_classifier import ImageClassifier
from tests.helpers import crashing

AWS = [(48, 4)] * 4  # as cluster.yaml
MIXED = [(64, 0), (16, 2), (16, 2)]


@pytest.fixture
def nodes(monkeypatch):
    """Has Ray tell of such machines, (CPUs, GPUs) each, and of a dead one."""

    def tell(sizes):
        told = [{"Alive": True, "Resources": {"CPU": c, "GPU": g}} for c, g in sizes]
        told += [{"Alive": True, "Resources": {}}]  # a head without trials
        told += [{"Alive": False, "Resources": {"CPU": 512.0, "GPU": 64.0}}]
        monkeypatch.setattr(ray, "nodes", lambda: told)

    return tell


@pytest.fixture
def may_start(monkeypatch, tmp_path, nodes):
    """Nothing runs yet, but an autoscaler may start machines: (type, CPUs, GPUs, most) each."""

    def tell(most, *types):
        nodes([])
        found = {
            name: {"resources": {"CPU": cpus, "GPU": gpus}, "max_workers": count}
            for name, cpus, gpus, count in types
        }
        path = tmp_path / "bootstrap.yaml"
        path.write_text(yaml.safe_dump({"max_workers": most, "available_node_types": found}))
        monkeypatch.setattr(autoscaler, "BOOTSTRAP", path)
        monkeypatch.setattr(autoscaler, "has_joined", lambda: True)

    return tell


def share(slots=None, cpus=None, gpus=None):
    return assign_resources(slots=slots, cpus=cpus, gpus=gpus)


@pytest.mark.parametrize(
    ("sizes", "asked", "found"),
    [
        (AWS, {}, Resources(16, 12.0, 1.0)),
        (AWS, {"slots": 2}, Resources(2, 48.0, 1.0)),  # not the half of all
        (AWS, {"slots": 6}, Resources(6, 24.0, 1.0)),
        (AWS, {"slots": 99}, Resources(16, 12.0, 1.0)),
        (AWS, {"gpus": 0.5}, Resources(32, 6.0, 0.5)),
        (AWS, {"gpus": 3.0}, Resources(4, 48.0, 3.0)),  # the fourth of each is left over
        (AWS, {"gpus": 0.0}, Resources(192, 1.0, 0.0)),
        ([(4, 0)] * 3, {}, Resources(12, 1.0, 0.0)),
        ([(4, 0)] * 3, {"slots": 2}, Resources(2, 4.0, 0.0)),
        ([(4, 0)] * 3, {"slots": 4}, Resources(4, 2.0, 0.0)),
        ([(4, 0)] * 3, {"cpus": 3.0}, Resources(3, 3.0, 0.0)),
        (MIXED, {}, Resources(4, 8.0, 1.0)),  # the CPUs of the one without GPUs do not count
        (MIXED, {"gpus": 0.0, "slots": 5}, Resources(5, 16.0, 0.0)),
        (MIXED, {"gpus": 0.0, "cpus": 33.0}, Resources(1, 33.0, 0.0)),
        ([(4, 2)], {"gpus": 0.4}, Resources(4, 1.0, 0.4)),  # no trial has parts of two
        ([(8, 0)], {"slots": 3}, Resources(3, 2.0, 0.0)),
        ([(2, 0)], {"slots": 3}, Resources(3, 0.6666, 0.0)),
    ],
)
def test_each_trial_gets_what_one_machine_can_give(nodes, sizes, asked, found):
    nodes(sizes)
    assert share(**asked) == found


@given(
    sizes=some.lists(some.tuples(some.integers(1, 64), some.integers(0, 8)), min_size=1),
    slots=some.none() | some.integers(1, 40),
    gpus=some.none() | some.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]),
)
def test_as_many_trials_as_slots_fit_machines(sizes, slots, gpus):
    with pytest.MonkeyPatch.context() as patch:
        found = [Machine(float(c), float(g)) for c, g in sizes]
        patch.setattr("automl_on_ray.clusters.slots._alive", lambda: found)
        if gpus and gpus > max(g for _, g in sizes):
            with pytest.raises(UserError, match="asks for more than there is"):
                share(slots=slots, gpus=gpus)
            return
        got = share(slots=slots, gpus=gpus)
    left, begun = [list(machine) for machine in found], 0
    for one in left:
        while one[0] >= got.cpus - 1e-9 and one[1] >= got.gpus:
            one[0], one[1], begun = one[0] - got.cpus, one[1] - got.gpus, begun + 1
    assert 1 <= got.slots <= begun
    assert slots is None or got.slots <= slots


@pytest.mark.parametrize(
    ("sizes", "asked", "message"),
    [
        ([(4, 0)] * 3, {"cpus": 8.0},
         "--cpus-per-trial 8 asks for more than there is: the largest machine has 4 CPUs."),
        ([(1, 0)] * 3, {"cpus": 2.0}, "the largest machine has 1 CPU."),
        (AWS, {"gpus": 5.0},
         "--gpus-per-trial 5 asks for more than there is: the largest machine has 4 GPUs."),
        (MIXED, {"cpus": 32.0}, "the largest machine with 1 GPU has 16 CPUs."),
        ([], {}, "The cluster has no CPU for trials"),
    ],
)  # fmt: skip
def test_a_trial_that_fits_no_machine_is_refused(nodes, sizes, asked, message):
    nodes(sizes)
    with pytest.raises(UserError) as refused:
        share(**asked)
    assert message in str(refused.value)


def test_it_is_refused_in_a_ray_that_runs_before_the_study_is_made(nodes, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    nodes([(4, 1)] * 3)
    with pytest.raises(UserError, match="the largest machine has 4 CPUs"):
        check_resources(cpus=8.0, gpus=None, address=None)
    with pytest.raises(UserError, match="the largest machine has 1 GPU"):
        check_resources(cpus=None, gpus=3.0, address=None)
    check_resources(cpus=4.0, gpus="auto", address=None)


def test_machines_that_may_be_started_count_one_by_one_too(may_start):
    may_start(4, ("spot", 48, 4, 4), ("on_demand", 48, 4, 4))
    assert share() == Resources(16, 12.0, 1.0)
    assert share(slots=2) == Resources(2, 48.0, 1.0)
    with pytest.raises(UserError, match="the largest machine has 48 CPUs"):
        share(cpus=49.0)


def test_the_type_that_a_trial_fits_is_the_one_that_will_be_started(may_start):
    may_start(
        2, ("many_cpus", 64, 0, 9), ("gpus", 8, 2, 9), ("no_cpus", 0, 8, 9), ("none", 999, 99, 0)
    )
    assert share() == Resources(4, 4.0, 1.0)
    assert share(cpus=33.0, gpus=0.0) == Resources(2, 33.0, 0.0)
    with pytest.raises(UserError, match="the largest machine with 1 GPU has 8 CPUs"):
        share(cpus=33.0)
    with pytest.raises(UserError, match="the largest machine has 64 CPUs"):
        share(cpus=65.0, gpus=0.0)


def test_gpus_that_run_do_not_hide_cpus_that_may_be_started(may_start, nodes):
    may_start(3, ("many_cpus", 64, 0, 2), ("gpus", 8, 2, 1))
    nodes([(8, 2)])
    assert share(gpus=0.0, cpus=4.0) == Resources(34, 4.0, 0.0)
    may_start(2, ("many_cpus", 64, 0, 2), ("gpus", 8, 2, 1))
    nodes([(8, 2)])
    assert share(gpus=0.0, cpus=4.0) == Resources(32, 4.0, 0.0)


def test_ranks_of_a_trial_may_be_on_several_machines_each_on_one(nodes):
    nodes([(4, 0)] * 3)
    check_workers(Resources(3, 3.0, 0.0), train_workers=3)
    # By the sum of CPUs there would be room for four.
    with pytest.raises(UserError, match="--train-workers 4 of 3 CPUs each ask for more than there"):
        check_workers(Resources(3, 3.0, 0.0), train_workers=4)
    nodes(AWS)
    check_workers(Resources(2, 48.0, 1.0), search_workers=4)
    with pytest.raises(UserError, match=r"5 of 48 CPUs and 1 GPU each .* room for 4"):
        check_workers(Resources(2, 48.0, 1.0), search_workers=5)


def test_gpus_that_a_trainable_of_ours_would_leave_idle_are_refused():
    class Own(ImageClassifier):
        """Of a user, perhaps on several."""

    with pytest.raises(UserError, match="2: ImageClassifier trains on one GPU a process"):
        refuse_idle_gpus(ImageClassifier, 2.0)
    for gpus in (None, "auto", 0.0, 0.5, 1.0):
        refuse_idle_gpus(ImageClassifier, gpus)
    for klass in (Own, crashing.Steady):
        refuse_idle_gpus(klass, 2.0)
