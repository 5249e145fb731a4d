"""Trials trained by two processes: real Ray, real gloo."""

import io
import json
import os
import signal
import sys

import pytest
import ray
import torch
from ray import cloudpickle, tune

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.darts_supernet import SPACE as SUPERNETS
from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.studies.inputs import accepts, bind
from automl_on_ray.trainables import read_state
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.image_classifier import ImageClassifier
from automl_on_ray.trainables.multi_process import bundles, data_parallel
from automl_on_ray.trainables.multi_process.process_group import LostRankError, RanksDifferError
from tests.trainables.multi_process.two_processes import failure_of, running, trial

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test

PLAIN = {
    "depth": 2, "width": 8, "kernel_size": 3, "activation": "gelu", "normalisation": "group",
    "dropout": 0.0, "optimizer": "sgd", "learning_rate": 0.01, "momentum": 0.9, "nesterov": True,
    "weight_decay": 1e-3, "batch_size": 65, "schedule": "one_cycle", "label_smoothing": 0.1,
    "augmentation": 0.7,
}  # fmt: skip
NOISY = {**PLAIN, "normalisation": "batch", "dropout": 0.3}
SEARCH = {
    "partial": 1, "edge_weights": False, "relaxation": "softmax", "hypergradient": "unrolled",
    "learning_rate": 0.025, "weight_decay": 3e-4, "alpha_learning_rate": 0.01,
    "alpha_weight_decay": 1e-3, "batch_size": 33, "warm_up": 0.0,
}  # fmt: skip
PC_DARTS = {**SEARCH, "partial": 2, "edge_weights": True, "hypergradient": "first_order"}
GDAS = {k: v for k, v in {**SEARCH, "relaxation": "gumbel"}.items() if k != "hypergradient"}
SETTINGS = {"space": SPACE, "dataset": "digits", "epochs": 3, "seed": 1, "subset": 500}
SEARCHES = {
    **SETTINGS, "space": SUPERNETS, "subset": 80, "channels": 4, "layers": 3,
    "operations": "s2", "eigenvalue_every": 2, "remedy": "regularise",
}  # fmt: skip
TIMINGS = ("epoch_seconds", "images_per_second")


def told(result):
    return {key: value for key, value in result.items() if key not in TIMINGS}


def states(head):
    """Of every rank."""
    found = ray.get([rank.state.remote() for rank in head._ranks])
    return [torch.load(io.BytesIO(state), weights_only=True) for state in found]


def tensors(state):
    """All in it, in order, but the streams: ranks have their own."""
    if isinstance(state, torch.Tensor):
        return [state]
    items = state.items() if isinstance(state, dict) else enumerate(state)
    kept = [part for key, part in items if key != "streams" and not isinstance(part, (str, int))]
    return [
        t for part in kept if isinstance(part, (dict, list, torch.Tensor)) for t in tensors(part)
    ]


def same(one, other):
    return len(one) == len(other) > 0 and all(map(torch.equal, one, other))


def near(one, other, tolerance):
    pairs = zip(one, other, strict=True)
    return all(torch.allclose(a, b, rtol=tolerance, atol=tolerance) for a, b in pairs)


class Mortal(ImageClassifier):
    """Its second rank dies in a step if there is this file, while the first one waits for it."""

    def setup(self, config, *, deadly, **settings):
        super().setup(config, **settings)
        self.deadly = deadly

    def step(self):
        if self.world.rank and self.deadly.exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().step()


class TestImageClassifier:
    """One pair of processes for all; the last test ends them."""

    @pytest.fixture(scope="class")
    def deadly(self, tmp_path_factory):
        return tmp_path_factory.mktemp("deadly") / "file"

    @pytest.fixture(scope="class")
    def head(self, ray_cluster, deadly):
        with running(Mortal, PLAIN, deadly=deadly, **SETTINGS) as head:
            yield head

    @pytest.fixture(scope="class")
    def alone(self):
        """What one process reports, and its weights at the end."""
        classifier = trial(ImageClassifier, PLAIN, workers=1, **SETTINGS)
        reports = [told(classifier.step()) for _ in range(3)]
        return reports, tensors(classifier.network.state_dict())

    def test_two_processes_learn_what_one_does_from_batches_that_do_not_halve(self, head, alone):
        reports, weights = alone
        assert head.reset_config(dict(PLAIN))
        for report in reports:
            assert told(head.step()) == pytest.approx(report, rel=1e-3)
        first, second = (tensors(state["network"]) for state in states(head))
        assert same(first, second)
        assert near(first, weights, 1e-4)

    def test_what_two_processes_began_one_ends_and_the_other_way(self, head, alone, tmp_path):
        reports, weights = alone
        assert head.reset_config(dict(PLAIN))
        head.step()
        head.save_checkpoint(str(tmp_path))
        one = trial(ImageClassifier, PLAIN, workers=1, **SETTINGS)
        one.load_checkpoint(str(tmp_path))
        assert told(one.step()) == pytest.approx(reports[1], rel=1e-3)
        one.save_checkpoint(str(tmp_path))
        head.load_checkpoint(str(tmp_path))
        assert told(head.step()) == pytest.approx(reports[2], rel=1e-3)
        assert near(tensors(states(head)[0]["network"]), weights, 1e-4)

    def test_a_restored_trial_ends_bit_equal_on_all_ranks(self, head, tmp_path):
        assert head.reset_config(dict(NOISY))
        head.step()
        head.save_checkpoint(str(tmp_path))
        reports = [told(head.step()) for _ in range(2)]
        ended = [tensors(state) for state in states(head)]
        assert same(*ended)
        assert head.reset_config(dict(PLAIN))
        assert head.reset_config(dict(NOISY))
        head.load_checkpoint(str(tmp_path))
        assert [told(head.step()) for _ in range(2)] == reports
        assert all(map(same, map(tensors, states(head)), ended))

    @pytest.mark.timeout(180)  # who waited for the other rank would do so for ten minutes
    def test_a_rank_that_is_killed_ends_the_trial_at_once(self, head, deadly):
        assert head.reset_config(dict(PLAIN))
        deadly.touch()
        failed = failure_of(head)
        assert isinstance(failed, LostRankError)
        assert "Worker 2 of 2 of this trial died" in str(failed)


class TestSupernet:
    @pytest.fixture(scope="class")
    def head(self, ray_cluster):
        with running(DartsSupernet, SEARCH, **SEARCHES) as head:
            yield head

    @pytest.mark.parametrize("config", [SEARCH, PC_DARTS, GDAS], ids=["darts-2", "pc", "gdas"])
    def test_all_ranks_have_the_same_alphas_and_weights_bit_for_bit(self, head, config):
        assert head.reset_config(dict(config))
        start = tensors(states(head)[0]["architecture"])
        result = head.step()
        one, other = states(head)
        assert same(tensors(one), tensors(other))
        assert one["cells"] == other["cells"] == [json.loads(result["cell"])]
        assert not any(map(torch.equal, start, tensors(one["architecture"])))

    def test_a_restored_search_ends_bit_equal_and_any_number_of_ranks_goes_on(self, head, tmp_path):
        assert head.reset_config(dict(PC_DARTS))
        head.step()
        head.save_checkpoint(str(tmp_path))
        report = told(head.step())
        assert "alpha_eigenvalue" in report
        ended = [tensors(state) for state in states(head)]
        head.load_checkpoint(str(tmp_path))
        assert told(head.step()) == report
        assert all(map(same, map(tensors, states(head)), ended))
        one = trial(DartsSupernet, PC_DARTS, workers=1, **SEARCHES)
        one.load_checkpoint(str(tmp_path))
        assert same(
            tensors(one.state()["architecture"]), tensors(read_state(tmp_path)["architecture"])
        )
        assert one.step()["val_loss"] == pytest.approx(report["val_loss"], rel=0.3)

    def test_alphas_that_came_apart_are_noticed(self, head):
        assert head.reset_config(dict(SEARCH))
        state = states(head)[1]
        state["architecture"]["alpha"]["normal"][0, 0] += 1e-7
        buffer = io.BytesIO()
        torch.save(state, buffer)
        ray.get(head._ranks[1].load_state.remote(buffer.getvalue()))
        with pytest.raises(RanksDifferError, match="Alpha is no longer the same on all 2 workers"):
            head.step()


@pytest.mark.whole
def test_tune_restores_a_trial_whose_rank_was_killed_and_it_ends_bit_equal(ray_cluster, tmp_path):
    flag = tmp_path / "killed"

    class KilledOnce(ImageClassifier):
        def step(self):
            if self.world.rank and self.epoch == 1 and not flag.exists():
                flag.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().step()

    klass = data_parallel(KilledOnce, 2)
    bound = bind(klass, {**SETTINGS, "remedy": "stop"})  # which its setup does not ask for
    results = tune.Tuner(
        tune.with_resources(bound, bundles(2, cpu=1, gpu=0)),
        param_space={**NOISY, "seed": tune.grid_search([1, 1])},  # the other one is not disturbed
        tune_config=tune.TuneConfig(reuse_actors=True, metric="val_loss", mode="min"),
        run_config=tune.RunConfig(
            storage_path=str(tmp_path), verbose=0,
            failure_config=tune.FailureConfig(max_failures=1),
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=1, num_to_keep=1),
        ),
    ).fit()  # fmt: skip
    assert flag.exists()
    assert [result.error is None for result in results] == [True, True] or not results.errors
    one, other = ([r["val_loss"], r["train_loss"]] for r in (result.metrics for result in results))
    assert one == other
    ended = [read_state(result.checkpoint.path) for result in results]
    assert ended[0]["epoch"] == ended[1]["epoch"] == 3
    assert same(*map(tensors, ended))


def test_one_worker_is_the_plain_class_and_more_look_like_it():
    assert data_parallel(ImageClassifier, 1) is ImageClassifier
    klass = data_parallel(ImageClassifier, 2)
    assert (klass.__name__, klass.METRICS) == ("ImageClassifier", ImageClassifier.METRICS)
    assert accepts(klass, "subset")
    assert not accepts(klass, "remedy")
    with pytest.raises(UserError, match="1 worker or more, but got 0"):
        data_parallel(ImageClassifier, 0)
