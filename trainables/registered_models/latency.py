"""How long a network takes for one image."""

import torch
from torch import nn

from automl_on_ray.search_spaces import ImageShape

MIN_SECONDS = 0.5  # of measuring: the median of so many calls


def latency_seconds(network: nn.Module, image_shape: ImageShape) -> float:
    """The median time of one image forward, in evaluation mode, where the network is.

    Of as many runs as fill half a second; on a GPU each waits for its end.
    """
    # Only here: it looks for a compiler, and says on standard error what it misses.
    from torch.utils.benchmark import Timer

    weight = next(network.parameters())
    images = torch.zeros(1, *image_shape, device=weight.device, dtype=weight.dtype)
    training = network.training
    network.eval()
    with torch.inference_mode():
        timer = Timer(
            "network(images)", globals={"network": network, "images": images},
            num_threads=torch.get_num_threads(),
        )  # fmt: skip
        found = timer.blocked_autorange(min_run_time=MIN_SECONDS).median
    network.train(training)
    return float(found)
