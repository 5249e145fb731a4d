"""Problems whose minimum is known, in float64, and solvers that are counted."""

import math

import torch
from torch import nn

from automl_on_ray.trainables.hypergradients import decay_penalty


def drawn(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Ridge:
    """A penalty a feature, by its log; eigenvalues of the Gram matrix from 1 / `condition` to 1.

    A batch is a pair of inputs (n, features) and targets (n,).
    """

    def __init__(self, features, condition, penalties=(-4.0, 0.0), seed=0):
        count = 2 * features
        orthogonal = torch.linalg.qr(drawn(seed, count, features)).Q
        turned = torch.linalg.qr(drawn(seed + 1, features, features)).Q
        eigenvalues = torch.logspace(0, -math.log10(condition), features, dtype=torch.float64)
        inputs = math.sqrt(count) * (orthogonal * eigenvalues.sqrt()) @ turned
        truth = drawn(seed + 2, features)
        self.train = (inputs, inputs @ truth + drawn(seed + 3, count) / 2)
        inputs = drawn(seed + 4, count, features) / math.sqrt(features)
        self.val = (inputs, inputs @ truth + drawn(seed + 5, count) / 2)
        low, high = penalties
        share = torch.rand(features, generator=torch.Generator().manual_seed(seed + 6)).double()
        self.log_penalties = low + (high - low) * share

    def loss(self, weights, batch):
        inputs, targets = batch
        return ((inputs @ weights["w"] - targets) ** 2).mean() / 2

    def train_loss(self, weights, hyper, batch):
        return self.loss(weights, batch)

    def val_loss(self, weights, batch):
        return self.loss(weights, batch)

    def penalty(self, weights, hyper):
        return (hyper["log_penalties"].exp() * weights["w"] ** 2).sum() / 2

    def update(self, weights, state, gradient, hyper):
        raise NotImplementedError("it is solved")

    def solved(self, log_penalties):
        inputs, targets = self.train
        gram = inputs.T @ inputs / len(targets) + torch.diag(log_penalties.exp())
        return torch.linalg.solve(gram, inputs.T @ targets / len(targets))

    def exact(self):
        """The hypergradient, through the closed form."""
        raw = self.log_penalties.clone().requires_grad_()
        (found,) = torch.autograd.grad(self.loss({"w": self.solved(raw)}, self.val), raw)
        return found

    def arguments(self):
        """Of `implicit`, but for the solver."""
        weights = {"w": self.solved(self.log_penalties)}
        return self, weights, {"log_penalties": self.log_penalties}, self.train, self.val


class Logistic(Ridge):
    """The same inputs, and whether targets are above 0."""

    def loss(self, weights, batch):
        inputs, targets = batch
        return nn.functional.binary_cross_entropy_with_logits(
            inputs @ weights["w"], (targets > 0).double()
        )

    def solved(self, log_penalties):
        """By Newton's method."""
        hyper, weights = {"log_penalties": log_penalties}, torch.zeros_like(log_penalties)

        def total(own):
            return self.loss({"w": own}, self.train) + self.penalty({"w": own}, hyper)

        for _ in range(20):
            hessian = torch.func.hessian(total)(weights)
            weights = weights - torch.linalg.solve(hessian, torch.func.grad(total)(weights))
        return weights


class Network:
    """Two layers, decay of all weights, and a weight for each of 12 examples, by its logarithm."""

    def __init__(self, seed=0):
        self.start = {"one.w": drawn(seed, 3, 5), "two.w": drawn(seed + 1, 5, 2)}
        self.train = (drawn(seed + 2, 12, 3), torch.arange(12) % 2)
        self.val = (drawn(seed + 3, 12, 3), torch.arange(12) % 2)
        self.hyper = {
            "weight_decay": torch.tensor(0.3, dtype=torch.float64),
            "examples": drawn(seed + 4, 12),
        }

    def losses(self, weights, batch):
        inputs, labels = batch
        outputs = (inputs @ weights["one.w"]).tanh() @ weights["two.w"]
        return nn.functional.cross_entropy(outputs, labels, reduction="none")

    def train_loss(self, weights, hyper, batch):
        return (hyper["examples"].exp() * self.losses(weights, batch)).mean()

    def val_loss(self, weights, batch):
        return self.losses(weights, batch).mean()

    def penalty(self, weights, hyper):
        return decay_penalty(weights, hyper)

    def update(self, weights, state, gradient, hyper):
        raise NotImplementedError("it is not trained")


class NetworkByExample(Network):
    """The same, which says that its hyperparameters act by examples."""

    def example_losses(self, weights, batch):
        return self.losses(weights, batch)

    def weighted(self, losses, hyper, batch):
        return (hyper["examples"].exp() * losses).mean()


class Counted:
    """A solver, and how many products it has asked for."""

    def __init__(self, solver):
        self.solver, self.products = solver, 0

    def __call__(self, hvp, right):
        def counted(vector):
            self.products += 1
            return hvp(vector)

        return self.solver(counted, right)


def matrix(hessian):
    """Its product with a vector, as solvers ask for it; weights are one tensor, "w"."""
    return lambda vector: {"w": hessian @ vector["w"]}


def error(found, exact):
    return float((found - exact).norm() / exact.norm())
