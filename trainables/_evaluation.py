"""Loss and accuracy on held-out images."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

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
