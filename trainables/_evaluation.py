"""Loss and accuracy on held-out images."""

import math
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from automl_on_ray.trainables._augmentation import batches
from automl_on_ray.trainables.datasets import Dataset, Images
from automl_on_ray.trainables.multi_process import ALONE, World


@torch.inference_mode()
def evaluate(
    predict: Callable[[Tensor], Tensor],
    held: Iterable[tuple[Tensor, Tensor]],
    world: World = ALONE,
) -> tuple[float, float]:
    """Mean cross-entropy in nats and share of right answers, in float32.

    Over the batches of all ranks together, each of which brings its own `held`.
    """
    total, right, count = 0.0, 0, 0
    for images, labels in held:
        logits = predict(images)
        total += F.cross_entropy(logits, labels, reduction="sum").item()
        right += int((logits.argmax(1) == labels).sum())
        count += len(labels)
    loss, hits, images_seen = world.total([total, right, count])
    return loss / images_seen, hits / images_seen


def equal_batches(held: Images, data: Dataset, most: int) -> Iterator[tuple[Tensor, Tensor]]:
    """`held` normalised as `data` are, in batches of one size, of `most` images.

    For networks that go by a batch's own statistics: those of a few images left over are poor.
    """
    size = math.ceil(len(held) / math.ceil(len(held) / most))
    return batches(held, batch_size=size, generator=None, mean=data.mean, std=data.std)
