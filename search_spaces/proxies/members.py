"""What is known of a space's members without training: functions of a config for searchers."""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import nn

from automl_on_ray.search_spaces.domains import Config, ImageShape, SearchSpace
from automl_on_ray.search_spaces.proxies.counts import count_flops, count_parameters
from automl_on_ray.search_spaces.proxies.formulas import noise, score
from automl_on_ray.search_spaces.proxies.limits import Limit


@dataclass(frozen=True)
class Networks:
    """Untrained networks of members of `space`, the same for the same config and seed."""

    space: SearchSpace
    image_shape: ImageShape
    classes: int
    seed: int = 0

    def of(self, config: Config) -> nn.Module:
        """On the CPU; of a config without the space's constants, or with them."""
        space, build = self.space, self.space.build
        assert build is not None
        member = space.active(space.plain({**space.constants, **config}))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return build(space.as_declared(member), self.image_shape, self.classes)

    def counts(self, config: Config, names: Collection[str]) -> dict[str, float]:
        """Those of `parameters` and `flops` that are among `names`."""
        network, found = self.of(config), {}
        if "parameters" in names:
            found["parameters"] = float(count_parameters(network))
        if "flops" in names:
            found["flops"] = float(count_flops(network, self.image_shape))
        return found


@dataclass(frozen=True)
class Proxy:
    """A config's score by the proxy `name`; higher is better. It has no state."""

    name: str
    networks: Networks

    def __call__(self, config: Config) -> float:
        own = self.networks
        return score(self.name, own.of(config), noise(own.image_shape, own.classes, own.seed))


@dataclass(frozen=True)
class Within:
    """Whether a config's network is within the `limits` that can be counted without training."""

    limits: tuple[Limit, ...]
    networks: Networks

    def __call__(self, config: Config) -> bool:
        counts = self.networks.counts(config, {limit.metric for limit in self.limits})
        return all(limit.holds(counts) for limit in self.limits)
