"""The training of an image classifier as a bilevel problem: pure functions of dicts of tensors."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from automl_on_ray.search_spaces import Config
from automl_on_ray.trainables._optimisation import SCHEDULES
from automl_on_ray.trainables.hypergradients import RULES, Tensors, decay_penalty
from automl_on_ray.trainables.image_classifier import GrowsHarder

NUMBERS = ("learning_rate", "weight_decay", "momentum", "beta1", "beta2", "label_smoothing")
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


@dataclass(frozen=True)
class Batch:
    """`images` (B, channels, height, width) float32, normalised; `labels` and `index` (B,) int64.

    `index` is the place of each image among those that are trained on. `progress` is the share of
    the training that is done, 0 to 1. Dropout and drop path draw from `seed`.
    """

    images: Tensor
    labels: Tensor
    index: Tensor
    progress: float = 0.0
    seed: int = 0


class Classification:
    """A `Problem` of `hypergradients`: `network` trained as `config` says, but for what is tuned.

    The same arguments give the same results: a batch brings its own random numbers, and buffers,
    such as running statistics, are left as they are. `train_loss` notes how far its batch is in the
    training, by which the schedule multiplies the learning rate of the `update` that follows.
    """

    def __init__(self, network: nn.Module, config: Config) -> None:
        self._network, self._config = network, config
        self._norms = [m for m in network.modules() if isinstance(m, NORMS)]
        self._buffers = {name: one.detach().clone() for name, one in network.named_buffers()}
        self._fixed = _fixed(network, config)
        self._progress = 0.0

    def begin(self, weights: Tensors) -> Tensors:
        """The optimiser's state before the first step."""
        return RULES[self._config["optimizer"]][0](weights)

    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Batch) -> Tensor:
        """Mean cross-entropy, smoothed; each image's times its class's weight and its own."""
        return weighted(self.losses(weights, hyper, batch), hyper, batch)

    def losses(self, weights: Tensors, hyper: Tensors, batch: Batch) -> Tensor:
        """(B,): of each image, before any weight."""
        self._progress = batch.progress
        self._network.train()
        if isinstance(self._network, GrowsHarder):
            self._network.set_progress(batch.progress)
        values = {**self._fixed, **hyper}
        smoothing = values["label_smoothing"]
        main, *auxiliary = self._outputs(weights, batch)
        losses = _cross_entropy(main, batch.labels, smoothing)
        for output in auxiliary:
            own = _cross_entropy(output, batch.labels, smoothing)
            losses = losses + values["auxiliary_weight"] * own
        return losses

    def val_loss(self, weights: Tensors, batch: Batch) -> Tensor:
        """Mean cross-entropy without smoothing, dropout or weights.

        Batch normalisation goes by the batch, as in training.
        """
        self._network.eval()
        for norm in self._norms:
            norm.train()
        return F.cross_entropy(self._outputs(weights, batch)[0], batch.labels)

    def update(
        self, weights: Tensors, state: Tensors, gradient: Tensors, hyper: Tensors
    ) -> tuple[Tensors, Tensors]:
        """A step of the config's optimiser, at the schedule's share of the learning rate."""
        config = self._config
        share = SCHEDULES[config["schedule"]](min(self._progress, 1.0))
        values = {
            key: value * share if key.partition("/")[0] == "learning_rate" else value
            for key, value in {**self._fixed, **hyper}.items()
        }
        if config["gradient_clip"]:
            gradient = _clipped(gradient, config["gradient_clip"])
        words = {}
        if config["optimizer"] == "sgd":
            words["nesterov"] = bool(config["nesterov"] and config["momentum"] > 0)
        return RULES[config["optimizer"]][1](weights, state, gradient, values, **words)

    def penalty(self, weights: Tensors, hyper: Tensors) -> Tensor:
        return decay_penalty(weights, {**self._fixed, **hyper})

    def _outputs(self, weights: Tensors, batch: Batch) -> tuple[Tensor, ...]:
        """Logits (B, classes); where a network has an auxiliary head, that one's too."""
        buffers = {name: one.clone() for name, one in self._buffers.items()}
        device = batch.images.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(batch.seed)
            found = functional_call(self._network, (weights, buffers), (batch.images,))
        return (found,) if isinstance(found, Tensor) else tuple(found)


class WeighedClassification(Classification):
    """Where nothing but weights of images and classes is tuned in the loss: a `ByExample` problem.

    All of their implicit hypergradients then cost two forward passes.
    """

    def example_losses(self, weights: Tensors, batch: Batch) -> Tensor:
        return self.losses(weights, {}, batch)

    def weighted(self, losses: Tensor, hyper: Tensors, batch: Batch) -> Tensor:
        return weighted(losses, hyper, batch)


def weighted(losses: Tensor, hyper: Tensors, batch: Batch) -> Tensor:
    """The mean of losses (B,) times the weights of their classes and images, if there are any."""
    if "class_weights" in hyper:
        losses = losses * hyper["class_weights"][batch.labels]
    if "example_weights" in hyper:
        losses = losses * hyper["example_weights"][batch.index]
    return losses.mean()


@torch.no_grad()
def find_statistics(network: nn.Module, batches: Callable[[], Iterable[Tensor]]) -> None:
    """Have batch normalisation find the means and variances that it judges by anew.

    They are those of the images of `batches`, which is not asked where nothing is normalised so.
    """
    norms = [m for m in network.modules() if isinstance(m, NORMS) and m.track_running_stats]
    if not norms:
        return
    network.eval()
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
        norm.train()
    for images in batches():
        network(images)
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum


def _fixed(network: nn.Module, config: Config) -> Tensors:
    """The config's numbers as tensors; vectors, unless they are to decay, with a decay of 0."""
    first = next(network.parameters())
    numbers = {key: config[key] for key in (*NUMBERS, "auxiliary_weight") if key in config}
    if not config["decay_vectors"]:
        vectors = (name for name, one in network.named_parameters() if one.ndim <= 1)
        numbers |= {f"weight_decay/{name}": 0.0 for name in vectors}
    return {key: first.new_tensor(float(value)) for key, value in numbers.items()}


def _cross_entropy(logits: Tensor, labels: Tensor, smoothing: Tensor) -> Tensor:
    """(B,), as `F.cross_entropy`, whose smoothing is a number without a gradient."""
    logs = F.log_softmax(logits, dim=1)
    right = logs.gather(1, labels[:, None])[:, 0]
    return -(1 - smoothing) * right - smoothing * logs.mean(dim=1)


def _clipped(gradient: Tensors, most: float) -> Tensors:
    """As `torch.nn.utils.clip_grad_norm_`; the root has no derivative at 0."""
    squares = torch.stack([one.square().sum() for one in gradient.values()]).sum()
    norm = squares.clamp(min=1e-30).sqrt()
    share = (most / (norm + 1e-6)).clamp(max=1.0)
    return {name: one * share for name, one in gradient.items()}
