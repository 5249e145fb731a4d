"""The settings of DARTS's own program against plain loops of PyTorch that say what it does."""

import copy
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.cells import published_cell
from automl_on_ray.search_spaces.cells.operations import DropPath
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.darts import space as cell_space
from automl_on_ray.search_spaces.darts_first_order import SPACE as FIRST_ORDER
from automl_on_ray.search_spaces.darts_second_order import SPACE as SECOND_ORDER
from automl_on_ray.trainables._augmentation import Augmentation, batch_sizes, batches
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.datasets import Images
from automl_on_ray.trainables.image_classifier import DEFAULTS, DivergedError, ImageClassifier

RULES = {
    "nesterov": False, "gradient_clip": 0.5, "decay_vectors": True, "crop_border": "black",
    "even_cutout": True, "schedule_by": "epoch", "last_batch": True,
}  # fmt: skip
NETWORK = {
    "channels": 4, "layers": 3, "stem_stride": 1, "drop_path": 0.0, "auxiliary_weight": 0.4,
    "learning_rate": 0.025, "weight_decay": 0.1, "augmentation": 0.0,
}  # fmt: skip


def bound(kind, config, **settings):
    class Bound(kind):
        def setup(self, config):
            super().setup(config, **{"dataset": "digits", "seed": 1, "subset": 300, **settings})

    return Bound(config=dict(config))


def classifier(*, epochs=2, rules=RULES, **changes):
    space = cell_space(**{**NETWORK, **changes}, **rules)
    return bound(
        ImageClassifier, {**space.constants, **published_cell("darts_v2")}, space=space,
        epochs=epochs,
    )  # fmt: skip


def ahead(trial, *streams):
    """What `streams` will give next, all of it; the trial will be given the same."""
    state = trial.generator.get_state()
    found = list(zip(*(stream() for stream in streams), strict=False))
    trial.generator.set_state(state)
    return found


def apart(network, other):
    pairs = zip(network.state_dict().values(), other.state_dict().values(), strict=True)
    return max((a.double() - b.double()).abs().max().item() for a, b in pairs)


def test_a_cell_is_trained_by_plain_momentum_with_clipping_and_decay_of_all_weights():
    trial = classifier()
    network = copy.deepcopy(trial.network)
    optimizer = torch.optim.SGD(network.parameters(), 0.025, momentum=0.9, weight_decay=0.1)
    clipped = 0
    for epoch in range(2):
        for group in optimizer.param_groups:
            group["lr"] = 0.025 * (1 + math.cos(math.pi * epoch / 2)) / 2
        network.train()
        for ((images, labels),) in ahead(trial, lambda: trial._batches(drop_last=False)):
            logits, auxiliary = network(images)
            loss = F.cross_entropy(logits, labels) + 0.4 * F.cross_entropy(auxiliary, labels)
            optimizer.zero_grad()
            loss.backward()
            clipped += float(torch.nn.utils.clip_grad_norm_(network.parameters(), 0.5)) > 0.5
            optimizer.step()
        trial.step()
    assert clipped > 2
    assert apart(trial.network, network) < 1e-4


@pytest.mark.parametrize("rule", ["nesterov", "gradient_clip", "decay_vectors", "schedule_by"])
def test_each_rule_alone_changes_the_training(rule):
    trials = [classifier(), classifier(rules={**RULES, rule: DEFAULTS[rule]})]
    for trial in trials:
        trial.step()
        trial.step()
    assert apart(*(trial.network for trial in trials)) > 1e-3


def test_drop_path_grows_with_the_epochs_alone():
    trial = classifier(epochs=4, drop_path=0.2)
    seen = []
    forward = trial.network.forward

    def noted(images):
        drops = [m.probability for m in trial.network.modules() if isinstance(m, DropPath)]
        seen.append((trial.epoch, *set(drops)))
        return forward(images)

    trial.network.forward = noted
    for _ in range(4):
        trial.network.train()
        trial._train_epoch()
        trial.epoch += 1
    assert set(seen) == {(epoch, 0.2 * epoch / 4) for epoch in range(4)}


def test_a_search_is_that_of_the_published_loop():
    trial = bound(DartsSupernet, {**FIRST_ORDER.constants, "seed": 5}, space=FIRST_ORDER, epochs=2,
                  channels=4, layers=3, operations="s2", remedy="warn",
                  eigenvalue_every=0)  # fmt: skip
    network = copy.deepcopy(trial.network)
    alpha = {c: a.detach().clone().requires_grad_() for c, a in trial.architecture.alpha.items()}
    # Fused, as ours: Adam's first steps make 3e-4 of what rounding alone has made positive.
    weights_sgd = torch.optim.SGD(
        network.parameters(), 0.025, momentum=0.9, weight_decay=3e-4, fused=True
    )
    adam = torch.optim.Adam(alpha.values(), 3e-4, betas=(0.5, 0.999), weight_decay=1e-3, fused=True)

    def loss(batch):
        mixing = {cell: a.softmax(1) for cell, a in alpha.items()}
        return F.cross_entropy(network(batch[0], mixing), batch[1])

    for epoch in range(2):
        for group in weights_sgd.param_groups:
            group["lr"] = 0.001 + 0.024 * (1 + math.cos(math.pi * epoch / 2)) / 2
        pairs = ahead(trial, lambda: trial._batches(trial._halves[0]), trial._alpha_batches)
        assert [len(training[1]) for training, _ in pairs] == [64, 64, 22]
        for training, validation in pairs:
            adam.zero_grad()
            loss(validation).backward()
            adam.step()
            weights_sgd.zero_grad()
            loss(training).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            weights_sgd.step()
        trial.step()
    assert apart(trial.network, network) < 1e-4
    for cell, found in trial.architecture.alpha.items():
        assert torch.allclose(found, alpha[cell], atol=1e-5)


def test_a_published_search_learns_from_all_images_half_by_half_and_differs_by_seed():
    one, other = (
        bound(DartsSupernet, {**SECOND_ORDER.constants, "seed": seed}, space=SECOND_ORDER,
              epochs=1, channels=4, layers=3) for seed in (1, 2)
    )  # fmt: skip
    weights, alphas = one._halves
    assert (len(weights), len(alphas)) == (150, 150)
    joined = one.dataset.joined().images.long().sum()
    assert weights.images.long().sum() + alphas.images.long().sum() == joined
    assert one._held is alphas
    assert not torch.equal(one.architecture.alpha["normal"], other.architecture.alpha["normal"])
    assert 0 < one.architecture.alpha["normal"].std() < 2e-3


def test_batches_that_are_redrawn_are_each_from_all_images():
    trial = bound(DartsSupernet, {**FIRST_ORDER.constants, "seed": 1}, space=FIRST_ORDER, epochs=1,
                  channels=4, layers=3)  # fmt: skip
    stream = trial._alpha_batches()
    sizes = [len(next(stream)[1]) for _ in range(5)]
    assert sizes == [64] * 5  # one pass over the half would have ended


def test_the_last_batch_is_kept_where_asked():
    assert batch_sizes(50_000, 96, last=True) == [96] * 520 + [80]
    assert batch_sizes(25_000, 64, last=True) == [64] * 390 + [40]
    assert batch_sizes(50_000, 96, last=False) == [96] * 520
    assert batch_sizes(97, 96, last=True) == [96]  # one image has no variance
    assert batch_sizes(99, 96, last=True, ranks=2) == [96]
    assert batch_sizes(20, 96, last=False) == [20]


def moved(image, augmentation, count=3000):
    """So many of `image` (C, H, W), augmented, on the scale 0..255."""
    split = Images(image.expand(count, -1, -1, -1).contiguous(), torch.zeros(count).long())
    ((images, _),) = batches(
        split, batch_size=count, generator=torch.Generator().manual_seed(0), mean=[0] * len(image),
        std=[1] * len(image), augmentation=augmentation,
    )  # fmt: skip
    return images * 255


def test_a_black_crop_is_a_window_of_the_image_in_a_black_frame():
    image = torch.arange(1, 3 * 6 * 7 + 1, dtype=torch.uint8).view(3, 6, 7)
    framed = np.pad(image.numpy(), ((0, 0), (2, 2), (2, 2)))
    windows = {framed[:, r : r + 6, c : c + 7].tobytes() for r in range(5) for c in range(5)}

    found = moved(image, Augmentation(crop=2, border="black"))

    seen = {window.tobytes() for window in found.round().to(torch.uint8).numpy()}
    assert seen == windows


def test_a_black_crop_that_is_mirrored_is_a_mirrored_window():
    image = torch.arange(1, 31, dtype=torch.uint8).view(1, 5, 6)
    framed = np.pad(image.numpy(), ((0, 0), (1, 1), (1, 1)))
    windows = [framed[:, r : r + 5, c : c + 6] for r in range(3) for c in range(3)]
    both = {w.tobytes() for w in windows} | {w[:, :, ::-1].tobytes() for w in windows}

    found = moved(image, Augmentation(crop=1, flip=True, border="black"))

    assert {w.tobytes() for w in found.round().to(torch.uint8).numpy()} == both


@pytest.mark.parametrize("length", [16, 15, 7, 1])
def test_a_published_cutout_reaches_half_of_its_length_to_either_side(length):
    masks = set()
    for y in range(9):
        for x in range(9):
            mask = np.ones((9, 9), bool)
            half = length // 2
            mask[max(y - half, 0) : y + half, max(x - half, 0) : x + half] = False
            masks.add(mask.tobytes())
    used = {**DEFAULTS, "augmentation": 0.0, "cutout": length, "even_cutout": True}

    found = moved(torch.full((1, 9, 9), 200, dtype=torch.uint8), Augmentation.chosen(used, side=9))

    assert {(image[0] > 0).numpy().tobytes() for image in found} == masks


def test_an_unknown_border_schedule_or_clip_is_refused():
    with pytest.raises(UserError, match="Unknown crop border 'white'; there are mirror, black"):
        Augmentation(border="white")
    with pytest.raises(UserError, match="Unknown schedule_by 'week'"):
        classifier(rules={"schedule_by": "week"}).step()
    for clip in (-1.0, math.nan):
        with pytest.raises(UserError, match="gradient_clip must be 0 or more"):
            classifier(rules={"gradient_clip": clip})


def test_a_training_whose_last_step_goes_too_far_fails_rather_than_report_no_number():
    with pytest.raises(DivergedError, match="in epoch 1: val_loss is nan"):
        classifier(rules={"batch_size": 1000}, learning_rate=1e38).step()
    config = {"learning_rate": 1e38, "batch_size": 1000, "gradient_clip": 0.0}
    with pytest.raises(DivergedError, match="in epoch 1: val_loss is nan"):
        bound(DartsSupernet, config, space=SearchSpace("mine", training=config), epochs=2,
              channels=4, layers=3, operations="s2").step()  # fmt: skip
