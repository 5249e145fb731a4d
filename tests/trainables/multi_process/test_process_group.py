"""What the ranks of a trial do together, and what if one fails: real Ray, real gloo."""

import sys

import pytest
import torch
from ray import cloudpickle
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD, Adam

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables import Augmentation, TorchTrainable, batches
from automl_on_ray.trainables.datasets import Images
from automl_on_ray.trainables.differentiable_search import Architecture
from automl_on_ray.trainables.differentiable_search.bilevel import (
    HYPERGRADIENTS,
    Bilevel,
    alpha_step,
    weight_step,
)
from automl_on_ray.trainables.multi_process.process_group import ALONE, World
from tests.trainables.multi_process.two_processes import failure_of, running, trial

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test


class Mixed(nn.Module):
    """Like a supernet, but without batch normalisation: a cell is a mixture of activations."""

    FUNCTIONS = (torch.tanh, torch.sigmoid, torch.sin)

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict({c: nn.Linear(4, 4) for c in ("normal", "reduction")})
        self.head = nn.Linear(4, 3)

    def forward(self, x, mixing, edges=None, *, sparse=False):
        for cell, layer in self.layers.items():
            x = layer(x)
            x = sum(
                w * f(x) for row in mixing[cell] for w, f in zip(row, self.FUNCTIONS, strict=True)
            )
        return self.head(x)


class Searching(TorchTrainable):
    """Steps of a search in float64, from batches of seven: three for one rank, four for another."""

    def setup(self, config):
        pass

    def searched(self, world, relaxation, hypergradient):
        """Alphas, hypergradients and weights after some steps."""
        self.prepare(3)  # the same weights to begin with
        generator = torch.Generator().manual_seed(7)
        with self.randomness():
            network = Mixed().double()
        architecture = Architecture(range(3), relaxation=relaxation, generator=generator)
        for cell, alpha in architecture.alpha.items():
            architecture.alpha[cell] = (300 * alpha.detach()).double().requires_grad_()
        weights = SGD(network.parameters(), 0.1, 0.9, weight_decay=1e-2)
        alphas = Adam(architecture.parameters, 0.1, (0.5, 0.999))
        data = torch.randn(2, 2, 7, 4, generator=generator, dtype=torch.float64)
        labels = torch.randint(3, (2, 2, 7), generator=generator)
        own = world.part(7)
        for x, y in zip(data, labels, strict=True):
            training, validation = ((x[i][own], y[i][own]) for i in (0, 1))

            def criterion(logits, labels):
                return world.share(F.cross_entropy(logits, labels), 7)

            alpha_step(
                Bilevel(network, architecture, weights, alphas, criterion, world),
                training, validation, hypergradient=hypergradient, progress=0.5,
                generator=generator,
                regulariser=lambda: architecture.regulariser(
                    zero_one_weight=1.0, flatness_weight=0.1
                ),
            )  # fmt: skip
            weight_step(
                network, architecture.sample(0.5, generator), weights, criterion, training,
                gradient_clip=0.2, world=world,
            )  # fmt: skip
        gradients = [parameter.grad for parameter in architecture.parameters]
        return [*architecture.parameters, *gradients, *network.parameters()]

    def step(self):
        found = {}
        for relaxation in ("softmax", "dirichlet"):
            for hypergradient in HYPERGRADIENTS:
                shared = self.searched(self.world, relaxation, hypergradient)
                whole = self.searched(ALONE, relaxation, hypergradient)
                pairs = zip(shared, whole, strict=True)
                error = max(((a - b).abs().max() / b.abs().max()).item() for a, b in pairs)
                found[f"{relaxation} {hypergradient}"] = error
        return found


class Dice(Searching):
    """Steps of a search too, or of a failure, if it is told so: one pair of processes is enough."""

    def setup(self, config):
        self.does = config["does"]
        self.prepare(5)
        with self.randomness():
            self.weight = torch.rand(())

    def reset_config(self, new_config):
        self.setup(new_config)
        return True

    def step(self):
        if self.does == "fail" and self.world.rank:
            raise ZeroDivisionError("of the second rank")
        return self.throw() if self.does == "throw" else super().step()

    def throw(self):
        with self.randomness(by_rank=True):
            thrown = torch.rand(())
        torch.rand((), generator=self.generator)
        mine = [v if r == self.world.rank else 0.0 for r in range(2) for v in (self.weight, thrown)]
        (average,) = self.world.average([torch.tensor([float(self.world.rank)])])
        layer = nn.ParameterList([torch.ones(2), torch.ones(1), torch.ones(1)])
        layer[0].grad = torch.full((2,), float(self.world.rank))
        layer[1].grad = torch.ones(1) if self.world.rank else None
        self.world.average_gradients(layer)
        gradients = [None if weight.grad is None else weight.grad.tolist() for weight in layer]
        return {"drawn": self.world.total(mine), "average": average.item(), "gradients": gradients}


@pytest.fixture(scope="module")
def pair(ray_cluster, tmp_path_factory):
    """What one pair of processes did, in this order: a search, throws, and what failed."""
    folder = str(tmp_path_factory.mktemp("pair"))
    with running(Dice, {"does": "search"}) as head:
        found = {"errors": head.step()}
        assert head.reset_config({"does": "throw"})
        found["thrown"] = head.step()
        head.save_checkpoint(folder)
        found["after"] = head.step()["drawn"]
        head.load_checkpoint(folder)
        found["again"] = head.step()["drawn"]
        assert head.reset_config({"does": "fail"})
        found["failed"] = failure_of(head)
    return found


def test_a_search_step_of_two_is_that_of_the_whole_batch(pair):
    assert len(pair["errors"]) == 6
    assert max(pair["errors"].values()) < 1e-9


def test_ranks_begin_alike_draw_apart_and_average_what_any_of_them_has(pair):
    result, after = pair["thrown"], pair["after"]
    assert pair["again"] == after
    first, thrown, second, other = result["drawn"]
    assert first == second
    assert len({thrown, other, *after}) == 5  # one weight and two times two throws
    assert result["average"] == 0.5
    assert result["gradients"] == [[0.5, 0.5], [0.5], None]


def test_a_rank_that_raises_ends_the_trial_at_once_with_its_error(pair):
    assert isinstance(pair["failed"], ZeroDivisionError)
    assert "of the second rank" in str(pair["failed"])


class Failing(TorchTrainable):
    """The second rank fails in its setup."""

    def setup(self, config):
        self.prepare(0)
        if self.world.rank:
            raise UserError("No such data.")


@pytest.mark.whole
def test_a_users_mistake_is_told_as_such(ray_cluster):
    """In setup. That an error keeps its type, quickly: the test before."""
    with pytest.raises(UserError, match=r"No such data\."):
        trial(Failing, {})


def test_the_parts_of_a_batch_are_the_batch():
    images = torch.randint(256, (23, 3, 12, 12), dtype=torch.uint8)
    split = Images(images, torch.arange(23))
    by = Augmentation(shift=2, rotation=20.0, crop=2, flip=True, cutout=4)

    def epoch(part=None):
        settings = {"mean": [0.5] * 3, "std": [0.2] * 3, "augmentation": by, "part": part}
        generator = torch.Generator().manual_seed(1)
        return list(batches(split, batch_size=10, generator=generator, **settings))

    worlds = [World(rank, 3) for rank in range(3)]
    for whole, *parts in zip(epoch(), *(epoch(world.part) for world in worlds), strict=True):
        for which in (0, 1):
            assert torch.equal(torch.cat([part[which] for part in parts]), whole[which])


def test_a_batch_that_leaves_a_rank_idle_is_refused():
    with pytest.raises(UserError, match="A batch of 3 cannot be shared out to 4 workers"):
        World(1, 4).check_batch(3)
