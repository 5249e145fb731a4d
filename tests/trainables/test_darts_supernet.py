"""Trials that search a cell, on scikit-learn's digits."""

import json
from dataclasses import replace

import pytest
import torch

from automl_on_ray.search_spaces.cells import check_cells
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.darts_supernet import SPACE
from automl_on_ray.trainables import darts_supernet
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.image_classifier import DivergedError

BASE = {
    "partial": 1, "edge_weights": False, "relaxation": "softmax", "hypergradient": "first_order",
    "learning_rate": 0.025, "weight_decay": 3e-4, "alpha_learning_rate": 0.01,
    "alpha_weight_decay": 1e-3, "batch_size": 64, "warm_up": 0.2,
}  # fmt: skip
UNROLLED = {**BASE, "hypergradient": "unrolled"}
PC_DARTS = {**BASE, "partial": 2, "edge_weights": True}
DRNAS = {**BASE, "relaxation": "dirichlet", "hypergradient": "unrolled"}
FAIR = {**BASE, "relaxation": "sigmoid"}
GDAS = {k: v for k, v in {**BASE, "relaxation": "gumbel"}.items() if k != "hypergradient"}
EVERY = {"darts-1": BASE, "darts-2": UNROLLED, "pc-darts": PC_DARTS, "drnas": DRNAS,
         "fair-darts": FAIR, "gdas": GDAS}  # fmt: skip
FEW = {"operations": "s2"}  # two of eight: each takes its time
TIMINGS = ("epoch_seconds", "images_per_second")


def trial(config, **keywords):
    settings = {
        "space": SPACE, "dataset": "digits", "epochs": 3, "seed": 1, "subset": 160, "channels": 4,
        "layers": 3, "remedy": "warn", "eigenvalue_every": 0, **keywords,
    }  # fmt: skip

    class Bound(DartsSupernet):  # as tune.with_parameters binds keywords
        def setup(self, config):
            super().setup(config, **settings)

    return Bound(config=dict(config))


def told(result):
    return {key: value for key, value in result.items() if key not in TIMINGS}


def tensors(searching):
    return [*searching.network.state_dict().values(), *searching.architecture.parameters]


@pytest.fixture(scope="module", params=EVERY.values(), ids=EVERY)
def searched(request, tmp_path_factory):
    """A search of two epochs: its config, itself, alpha at its start, reports, a checkpoint."""
    config, folder = request.param, tmp_path_factory.mktemp("checkpoint")
    whole = trial(config, epochs=2, **FEW)
    start = [parameter.detach().clone() for parameter in whole.architecture.parameters]
    first = told(whole.step())
    whole.save_checkpoint(str(folder))
    return config, whole, start, [first, told(whole.step())], folder


def test_a_search_restored_after_an_epoch_ends_bit_equal(searched):
    config, whole, _, results, folder = searched
    restored = trial(config, epochs=2, **FEW)
    torch.rand(3)  # another trial draws in the same process
    restored.load_checkpoint(str(folder))
    assert told(restored.step()) == results[1]
    assert all(map(torch.equal, tensors(restored), tensors(whole)))


def test_each_epoch_reports_a_cell_and_what_the_doctor_looks_at(searched):
    _, searching, start, results, _ = searched
    result = results[1]
    check_cells(json.loads(result["cell"]))
    assert 0 <= result["skip_connections"] <= 8
    assert 0 < result["alpha_entropy"] <= 1
    gap = result["val_accuracy"] - result["discretised_accuracy"]
    assert result["discretisation_gap"] == pytest.approx(gap)
    moved = [
        not torch.equal(a, b) for a, b in zip(start, searching.architecture.parameters, strict=True)
    ]
    assert all(moved)


def test_warm_up_leaves_alpha_as_it_is():
    searching = trial({**BASE, "warm_up": 0.4}, **FEW)
    start = [parameter.detach().clone() for parameter in searching.architecture.parameters]
    searching.step()
    assert all(map(torch.equal, start, searching.architecture.parameters))
    searching.step()
    assert not any(map(torch.equal, start, searching.architecture.parameters))


def test_weights_and_alpha_learn_from_disjoint_halves():
    searching = trial(BASE)
    first, second = searching._halves
    everything = {image.numpy().tobytes() for image in searching.dataset.train.images}
    parts = [{image.numpy().tobytes() for image in half.images} for half in (first, second)]
    assert len(first) + len(second) == len(searching.dataset.train)
    assert not parts[0] & parts[1]
    assert parts[0] | parts[1] == everything


def test_the_supernet_learns():
    searching = trial(BASE, epochs=4, subset=600, **FEW)
    losses = [searching.step()["val_loss"] for _ in range(4)]
    assert losses[-1] < losses[0] - 0.3


def test_the_eigenvalue_is_measured_at_its_interval():
    searching = trial(BASE, eigenvalue_every=2, subset=120, **FEW)
    assert ["alpha_eigenvalue" in searching.step() for _ in range(2)] == [False, True]


def test_a_collapse_stops_the_search_and_goes_back_to_the_healthiest_cell():
    searching = trial({**BASE, "warm_up": 0.0}, remedy="stop", epochs=5, **FEW)
    with torch.no_grad():  # no skip connections
        searching.architecture.alpha["normal"][:, 1] += 1.0
    healthy = searching.step()
    with torch.no_grad():  # five skip connections and more
        searching.architecture.alpha["normal"][:, 0] += 10.0
    collapsed = searching.step()
    assert collapsed["done"]
    assert collapsed["collapsed"] == 1
    assert "skip connections" in collapsed["warning"]
    assert collapsed["skip_connections"] > 2
    assert collapsed["cell"] == healthy["cell"]


@pytest.mark.parametrize("operations", ["s2", "s4"])
def test_what_alpha_happened_to_start_with_is_no_collapse(operations):
    searching = trial(BASE, remedy="stop", operations=operations, epochs=5)
    with torch.no_grad():  # the first operation is ahead by next to nothing on all edges
        searching.architecture.alpha["normal"][:, 0] += 0.02
    searching.alpha_optimizer.param_groups[0]["lr"] = 1e-6
    assert searching.step()["collapsed"] == 0
    with torch.no_grad():
        searching.architecture.alpha["normal"][:, 0] += 1.0
    assert searching.step()["collapsed"] == 1  # skip connections of S2, noise of S4


def test_a_collapse_is_only_told_where_the_remedy_is_to_warn():
    searching = trial({**BASE, "warm_up": 0.0}, remedy="warn", epochs=5, **FEW)
    with torch.no_grad():
        searching.architecture.alpha["normal"][:, 0] += 10.0
    collapsed = searching.step()
    assert not collapsed["done"]
    assert collapsed["collapsed"] == 0
    assert "skip connections" in collapsed["warning"]
    assert json.loads(collapsed["cell"]) == searching.cells[-1]


def test_weight_decay_is_raised_so_far_and_no_further():
    searching = trial({**BASE, "warm_up": 0.0}, remedy="regularise", epochs=20, **FEW)
    raised = []
    for _ in range(6):
        with torch.no_grad():  # skip connections
            searching.architecture.alpha["normal"][:, 0] += 10.0
        searching.step()
        raised.append(searching.optimizer.param_groups[0]["weight_decay"] / BASE["weight_decay"])
    assert raised == pytest.approx([3, 9, 27, 81, 81, 81])


def test_a_collapse_raises_the_weight_decay_where_the_remedy_is_to_regularise(tmp_path):
    searching = trial({**BASE, "warm_up": 0.0}, remedy="regularise", epochs=5, **FEW)
    with torch.no_grad():
        searching.architecture.alpha["normal"][:, 0] += 10.0
    assert not searching.step()["done"]
    assert searching.optimizer.param_groups[0]["weight_decay"] == pytest.approx(9e-4)
    searching.save_checkpoint(str(tmp_path))
    restored = trial(BASE, remedy="regularise", epochs=5, **FEW)
    restored.load_checkpoint(str(tmp_path))
    assert restored.optimizer.param_groups[0]["weight_decay"] == pytest.approx(9e-4)


def test_population_based_training_may_clone_a_supernet_and_perturb_its_training(tmp_path):
    donor = trial(BASE, **FEW)
    donor.step()
    donor.save_checkpoint(str(tmp_path))
    exploiting = trial({**BASE, "learning_rate": 0.05, "relaxation": "dirichlet"}, **FEW)
    exploiting.load_checkpoint(str(tmp_path))
    assert all(map(torch.equal, tensors(exploiting), tensors(donor)))
    exploiting.step()
    assert exploiting.config_used["learning_rate"] == 0.05
    # The last step's rate lies on the cosine from the perturbed value.
    assert exploiting.optimizer.param_groups[0]["lr"] > 0.025


def test_an_actor_is_reused_without_a_trace():
    fresh = trial(FAIR, **FEW)
    reused = trial(BASE, **FEW)
    reused.step()
    assert reused.reset_config(dict(FAIR))
    assert told(reused.step()) == told(fresh.step())


def test_the_last_epoch_may_derive_its_cell_by_perturbation(monkeypatch):
    monkeypatch.setattr(darts_supernet, "TUNED_BATCHES", 1)  # after each of 36 decisions
    used = {"select": "perturbation", "epochs": 2, "subset": 100, **FEW}
    searching, again = (trial(PC_DARTS, **used) for _ in range(2))
    first = searching.step()
    assert json.loads(first["cell"]) == searching.cells[0]
    last = searching.step()
    check_cells(json.loads(last["cell"]), ("skip_connect", "sep_conv_3x3"))
    assert [told(again.step()) for _ in range(2)] == [told(first), told(last)]


def test_operations_of_each_edges_own_set_are_all_that_is_derived():
    searching = trial(BASE, operations="s1")
    cell = json.loads(searching.step()["cell"])
    assert cell["normal_node2_op1"] in ("skip_connect", "dil_conv_3x3")
    assert cell["normal_node2_op2"] in ("skip_connect", "dil_conv_5x5")


def test_a_search_that_diverges_says_so():
    searching = trial({**BASE, "learning_rate": 0.1})
    with torch.no_grad():
        searching.network.head.weight.fill_(float("nan"))
    with pytest.raises(DivergedError, match="epoch 1"):
        searching.step()


@pytest.mark.parametrize(
    ("config", "keywords", "message"),
    [
        (
            {**UNROLLED, "relaxation": "gumbel"},
            {"space": replace(SPACE, conditions={})},
            "'unrolled' does not go with relaxation 'gumbel'",
        ),
        (BASE, {"operations": "sep_conv_9x9"}, "Unknown operation"),
        (BASE, {"remedy": "pray"}, "Unknown remedy 'pray'"),
        (BASE, {"select": "size"}, "Unknown selection 'size'"),
        (BASE, {"digest": 64 * "0"}, "are not those that the study began with"),
        (BASE, {"stem_stride": 2}, "too small for 2 reductions"),
        ({**BASE, "partial": 3}, {}, "outside|multiple"),
    ],
)
def test_mistakes_are_told_before_anything_is_trained(config, keywords, message):
    with pytest.raises(UserError, match=message):
        trial(config, **keywords)
