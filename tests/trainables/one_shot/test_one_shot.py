"""Weights that are trained for all cells, and cells that are judged with them, on digits."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from automl_on_ray.search_spaces import SearchSpace, darts
from automl_on_ray.search_spaces.cells import check_cells, keys, one_hot_mixing
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import load_dataset
from automl_on_ray.trainables.image_classifier import build_network, count_parameters
from automl_on_ray.trainables.one_shot import SPACE, InheritedCell, SharedWeights, find_supernet

CONFIG = {**SPACE.constants, "seed": 1}
OFTEN = {**CONFIG, "batch_size": 8}  # many steps of few images: it is steps that it takes
CELLS = darts.space(learning_rate=0.05, weight_decay=3e-4, channels=4, layers=3, stem_stride=1)
DATA = {"dataset": "digits", "subset": 300, "seed": 1}
TIMINGS = ("epoch_seconds", "images_per_second")


def bound(klass, config, keywords):
    class Bound(klass):  # as tune.with_parameters binds keywords
        def setup(self, config):
            super().setup(config, **keywords)

    return Bound(config=dict(config))


def training(config=CONFIG, **other):
    size = {"channels": 4, "layers": 3, "epochs": 3}
    return bound(SharedWeights, config, {"space": SPACE, **DATA, **size, **other})


def often():
    return training(OFTEN, space=with_training(batch_size=8))


def judging(config, supernet, **other):
    keywords = {"space": CELLS, "supernet": str(supernet), **DATA, **other}
    return bound(InheritedCell, config, keywords)


def cell(seed):
    return CELLS.sample(np.random.default_rng(seed))


def with_training(**settings):
    return replace(SPACE, training={**SPACE.training, **settings})


def told(result):
    return {key: value for key, value in result.items() if key not in TIMINGS}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A supernet after three epochs, what it reported, and its checkpoints after two and three."""
    second, last = (tmp_path_factory.mktemp("supernet") for _ in range(2))
    supernet, results = often(), []
    for epoch in range(3):
        results.append(told(supernet.step()))
        if epoch == 1:
            supernet.save_checkpoint(str(second))
    supernet.save_checkpoint(str(last))
    return supernet, results, second, last


def test_a_supernet_restored_after_an_epoch_ends_bit_equal(trained):
    supernet, results, second, _ = trained
    restored = often()
    restored.load_checkpoint(str(second))
    assert told(restored.step()) == results[2]
    own, others = (one.network.state_dict().values() for one in (restored, supernet))
    assert all(map(torch.equal, own, others))


def test_its_weights_learn_from_all_training_images_and_alpha_does_not_learn(trained):
    supernet, results, _, _ = trained
    assert results[-1]["done"]
    assert [len(part) for part in supernet._halves] == [len(supernet.dataset.train)]
    untrained = often().architecture.alpha
    assert all(torch.equal(untrained[c], supernet.architecture.alpha[c]) for c in untrained)


def test_an_epoch_trains_drawn_cells_and_leaves_the_other_operations_alone():
    whole = {**CONFIG, "batch_size": 400}  # more than there are: one batch, one cell
    supernet = training(whole, space=with_training(batch_size=400))
    before = {name: weight.clone() for name, weight in supernet.network.named_parameters()}
    supernet.optimizer.param_groups[0]["weight_decay"] = 0.0
    supernet.step()
    moved = {n for n, w in supernet.network.named_parameters() if not torch.equal(w, before[n])}
    nodes = {name for name in before if ".nodes." in name}
    assert {"stem.0.weight", "head.weight"} <= moved
    assert 0 < len(moved & nodes) < len(nodes) / 2


def test_the_supernet_learns(trained):
    losses = [result["val_loss"] for result in trained[1]]
    assert losses[-1] < losses[0] - 0.05


def test_a_cell_is_judged_as_the_supernet_judges_it(trained):
    supernet, _, _, last = trained
    config = cell(3)
    result = judging(config, last).step()
    mixing = one_hot_mixing(config, supernet.operations.names)
    held = load_dataset("digits", seed=1, size=300)
    mean, std = held.mean[0], held.std[0]
    images = (held.validation.images.float() / 255 - mean) / std
    with torch.no_grad():
        logits = supernet.network(images, mixing, sparse=True)
    loss = torch.nn.functional.cross_entropy(logits, held.validation.labels).item()
    right = (logits.argmax(1) == held.validation.labels).float().mean().item()
    assert result["val_loss"] == pytest.approx(loss, rel=1e-4)
    assert result["val_accuracy"] == pytest.approx(right)
    assert result["done"]
    network = build_network(CELLS, config, held.image_shape, len(held.classes))
    assert result["parameters"] == count_parameters(network)


def test_a_process_judges_the_next_cell_with_the_weights_it_has(trained, tmp_path):
    folder = shutil.copytree(trained[3], tmp_path / "supernet")
    judge = judging(cell(1), folder)
    first = judge.step()
    shutil.rmtree(folder)
    assert judge.reset_config(cell(2))
    second = judge.step()
    assert told(second) == told(judging(cell(2), trained[3]).step())
    assert first["val_loss"] != second["val_loss"]


def test_a_supernet_is_found_in_a_bucket_too(trained):
    place = trained[3].as_uri()
    assert told(judging(cell(1), place).step()) == told(judging(cell(1), trained[3]).step())


def test_a_trial_goes_on_from_its_checkpoint(trained, tmp_path):
    judge = judging(cell(1), trained[3])
    result = judge.step()
    judge.save_checkpoint(str(tmp_path))
    again = judging(cell(1), trained[3])
    again.load_checkpoint(str(tmp_path))
    assert told(again.step()) == told(result)


def test_no_supernet_is_one_line(trained, tmp_path):
    with pytest.raises(UserError, match="trained supernet is not in") as refused:
        judging(cell(1), tmp_path)
    assert "\n" not in str(refused.value)


def test_half_a_supernet_is_one_line(trained, tmp_path):
    whole = (trained[3] / "state.pt").read_bytes()
    (tmp_path / "state.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cannot be read") as refused:
        find_supernet(str(tmp_path))
    assert "\n" not in str(refused.value)


def test_a_supernet_of_fewer_operations_judges_no_cell_with_others(tmp_path):
    supernet = training(operations="skip_connect,sep_conv_3x3", epochs=1)
    supernet.save_checkpoint(str(tmp_path))
    config = {**cell(1), **{key: "skip_connect" for key, node in keys() if node is None}}
    check_cells(config)
    assert judging(config, tmp_path).step()["done"]
    with pytest.raises(UserError, match="dil_conv_3x3"):
        judging({**config, "normal_node2_op1": "dil_conv_3x3"}, tmp_path)


@pytest.mark.parametrize(
    ("config", "keywords", "message"),
    [
        ({**CONFIG, "relaxation": "gumbel"}, {}, "relaxation='uniform'"),
        ({**CONFIG, "partial": 2}, {}, "partial=1"),
        ({**CONFIG, "edge_weights": True}, {}, "edge_weights=False"),
        ({**CONFIG, "hypergradient": "unrolled"}, {}, "'unrolled' does not go with"),
        (CONFIG, {"operations": "s1"}, "differ from edge to edge"),
    ],
)
def test_what_trains_no_weights_for_others_is_refused(config, keywords, message):
    space = SearchSpace("mine", training={k: v for k, v in config.items() if k != "seed"})
    with pytest.raises(UserError, match=message):
        training(config, space=space, **keywords)


def test_other_images_are_refused(trained, tmp_path):
    state = torch.load(trained[3] / "state.pt", weights_only=True)
    torch.save({**state, "images": [3, 32, 32]}, tmp_path / "state.pt")
    with pytest.raises(UserError, match=r"\[3, 32, 32, 10\] there, and \[1, 8, 8, 10\] here"):
        judging(cell(1), tmp_path)
