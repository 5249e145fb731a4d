"""Zero-cost proxies: what an untrained network says of the accuracy that it will have.

Of each, higher is better. A network whose output does not depend on its input is dead, and scores
minus infinity; so does one for which a formula has no finite value. None raises for such.

Networks are judged as they are before training: dropout is off, and batch normalisation takes the
batch's own statistics, but for synflow, which takes all normalisation out. With it left in, a batch
of one constant image is degenerate, and synflow ranks hardly better than chance.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.search_spaces.domains import ImageShape
from automl_on_ray.search_spaces.proxies.counts import count_flops, count_parameters

IMAGES = 16  # of a batch
RIDGE = 1e-5  # k of jacov
DEAD = -math.inf
_BATCH = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_OTHERS = (nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
_ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Hardswish, nn.Mish)


@dataclass(frozen=True)
class Batch:
    """Images (N, C, H, W), and their classes (N,) as integers."""

    images: Tensor
    labels: Tensor


def noise(image_shape: ImageShape, classes: int, seed: int = 0) -> Batch:
    """Standard normal pixels, and the classes in turn: so no data are needed."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(IMAGES, *image_shape, generator=generator)
    return Batch(images, torch.arange(IMAGES) % classes)


def score(name: str, network: nn.Module, batch: Batch) -> float:
    """The proxy `name` of a network on the CPU, which stays as it is; KeyError for no proxy."""
    formula = FORMULAS[name]
    flows = _flows(network, batch.images.shape[1:])
    if not flows:
        return DEAD
    value = formula(_Untrained(network, batch, flows))
    return value if math.isfinite(value) else DEAD


@dataclass
class _Untrained:
    """A network, a batch, and by each live tensor's name the sum of w dR/dw of synflow."""

    network: nn.Module
    batch: Batch
    flows: dict[str, float]


def _flows(network: nn.Module, image_shape: torch.Size) -> dict[str, float]:
    """By name, of each parameter that R depends on: the sum of its w dR/dw; empty if dead.

    R is the sum of the outputs for an image of ones, with |w| for all w and no normalisation.
    """
    positive = _without_normalisation(copy.deepcopy(network).double()).eval()
    with torch.no_grad():
        for weight in positive.parameters():
            weight.abs_()
    ones = torch.ones(1, *image_shape, dtype=torch.float64, requires_grad=True)
    named = dict(positive.named_parameters())
    output = positive(ones).sum()
    if not output.requires_grad:
        return {}
    inside, *found = torch.autograd.grad(output, [ones, *named.values()], allow_unused=True)
    if inside is None or not inside.any():
        return {}
    gradients = zip(named.items(), found, strict=True)
    return {
        k: float((w.detach() * g).sum()) for (k, w), g in gradients if g is not None and g.any()
    }


def _without_normalisation(module: nn.Module) -> nn.Module:
    for name, child in module.named_children():
        if isinstance(child, _BATCH + _OTHERS):
            setattr(module, name, nn.Identity())
        else:
            _without_normalisation(child)
    return module


def _synflow(given: _Untrained) -> float:
    """log of the sum over weights of w dR/dw (Tanaka et al. 2020, arXiv:2006.05467).

    In float64, and as its logarithm: it overflows float32 on deep networks.
    """
    total = sum(given.flows.values())
    return math.log(total) if total > 0 else DEAD


def _live_parameters(given: _Untrained) -> float:
    """Parameters outside of normalisation that the output depends on: no dead edges."""
    return sum(w.numel() for name, w in given.network.named_parameters() if name in given.flows)


def _parameters(given: _Untrained) -> float:
    """All of them, dead ones too."""
    return count_parameters(given.network)


def _flops(given: _Untrained) -> float:
    """Of one image forward, dead edges too."""
    _, channels, height, width = given.batch.images.shape
    return count_flops(given.network, (channels, height, width))


def _grad_norm(given: _Untrained) -> float:
    """The sum over weight tensors of ||dL/dw||_2 (Abdelfattah et al. 2021, arXiv:2101.08134)."""
    return sum(float(gradient.norm()) for _, gradient in _gradients(given))


def _snip(given: _Untrained) -> float:
    """The sum over weights of |w dL/dw| (Lee et al. 2019, arXiv:1810.02340)."""
    return sum(float((weight * gradient).abs().sum()) for weight, gradient in _gradients(given))


def _gradients(given: _Untrained) -> list[tuple[Tensor, Tensor]]:
    """Weights of convolutions and linear layers, each with its gradient of the cross-entropy."""
    network = _by_batch(given.network)
    layers = (m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv1d | nn.Conv2d))
    weights = [layer.weight for layer in layers]
    loss = F.cross_entropy(network(given.batch.images), given.batch.labels)
    found = torch.autograd.grad(loss, weights, allow_unused=True)
    pairs = zip(weights, found, strict=True)
    return [(weight.detach(), gradient) for weight, gradient in pairs if gradient is not None]


def _jacov(given: _Untrained) -> float:
    """How unlike the Jacobians of images are (Mellor et al. 2020, arXiv:2006.04647v1).

    With v the eigenvalues of their correlation matrix, and k = 1e-5: - sum of log(v + k)
    + 1 / (v + k). Jacobian of image i: the gradient of the sum of all outputs with regard to it.
    """
    images = given.batch.images.clone().requires_grad_()
    (jacobian,) = torch.autograd.grad(_by_batch(given.network)(images).sum(), images)
    correlation = torch.corrcoef(jacobian.flatten(1).double())
    if not correlation.isfinite().all():
        return DEAD
    ridged = torch.linalg.eigvalsh(correlation).clamp(min=0) + RIDGE
    return -float((ridged.log() + 1 / ridged).sum())


def _naswot(given: _Untrained) -> float:
    """log |det K| (Mellor et al. 2021, arXiv:2006.04647v3).

    K_ij: on how many units of the activations images i and j agree in being above 0.
    """
    network = _by_batch(given.network)
    count = len(given.batch.images)
    agreed = torch.zeros(count, count, dtype=torch.float64)

    def add(module: nn.Module, taken: tuple[Tensor, ...]) -> None:
        on = (taken[0].detach() > 0).flatten(1).double()
        agreed.add_(on @ on.T + (1 - on) @ (1 - on).T)

    for module in network.modules():
        if isinstance(module, _ACTIVATIONS):
            module.register_forward_pre_hook(add)
    with torch.no_grad():
        network(given.batch.images)
    if torch.linalg.matrix_rank(agreed, hermitian=True) < count:  # some images look the same to it
        return DEAD
    return float(torch.linalg.slogdet(agreed).logabsdet)


def _by_batch(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode, but with the statistics of each batch."""
    own = copy.deepcopy(network).eval()
    for module in own.modules():
        if isinstance(module, _BATCH):
            module.train()
    return own


FORMULAS: dict[str, Callable[[_Untrained], float]] = {
    "synflow": _synflow,
    "jacov": _jacov,
    "naswot": _naswot,
    "grad_norm": _grad_norm,
    "snip": _snip,
    "parameters": _parameters,
    "live_parameters": _live_parameters,
    "flops": _flops,
}
