"""The ranks (processes) that train one trial together, and all that they tell each other.

A batch is one for the whole world: every rank draws the same permutation and augmentation and
takes its own part of each batch, so a run's batches do not depend on how many ranks it has.
Whatever the ranks decide on must be the same bits everywhere: it comes out of a collective here, or
is computed alike from what did.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, distributed, nn

from automl_on_ray.search_spaces.core import UserError


class LostRankError(RuntimeError):
    """A collective failed, most often because another rank is gone: seldom the first cause."""

    lost_actor: str | None = None  # Ray's id of the rank, where it is known


class RanksDifferError(RuntimeError):
    """The ranks have come apart: what must be equal on all of them is not."""


class World:
    """Rank `rank` of `size`; alone by default, when nothing is sent and nothing changed.

    Beyond one, torch.distributed's default process group must exist; `device` is one whose tensors
    its backend takes. Collectives must be called by all ranks in the same order.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: torch.device | str = "cpu") -> None:
        self.rank, self.size, self.device = rank, size, torch.device(device)

    def check_batch(self, count: int) -> None:
        """UserError if a batch of `count` images leaves a rank without one."""
        if count < self.size:
            raise UserError(
                f"A batch of {count} cannot be shared out to {self.size} workers: take fewer "
                "workers or larger batches."
            )

    def part(self, count: int) -> slice:
        """This rank's of `count` things in order; sizes differ by one at most."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def share(self, loss: Tensor, count: int) -> Tensor:
        """`loss`, the mean over this rank's part of `count`, scaled for `average`.

        The average of the ranks' scaled losses, or of their gradients, is that of all `count`,
        also where parts differ in size.
        """
        part = self.part(count)
        own = part.stop - part.start
        return loss if own * self.size == count else loss * (own * self.size / count)

    def average(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Their means over the ranks, bit-equal on all: one message, however many tensors."""
        if self.size == 1:
            return list(tensors)
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        _collective(lambda: distributed.all_reduce(flat))
        parts = flat.div_(self.size).split([tensor.numel() for tensor in tensors])
        # In the layout of the original: fused optimisers go through memory in its order.
        return [
            torch.empty_like(tensor).copy_(part.view(tensor.shape))
            for tensor, part in zip(tensors, parts, strict=True)
        ]

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Of each parameter that has a gradient on any rank; it is zero on those without one."""
        if self.size == 1:
            return
        weights = list(parameters)
        here = [weight.grad is not None for weight in weights]
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
        # All ranks must send as much, but which layers a drop path skips differs between them.
        present = torch.tensor(here, dtype=weights[0].dtype, device=weights[0].device)
        *averages, present = self.average([*gradients, present])
        anywhere = here if all(here) else [bool(share) for share in present.tolist()]
        for weight, gradient, some in zip(weights, averages, anywhere, strict=True):
            if some:
                weight.grad = gradient

    def average_statistics(self, network: nn.Module) -> None:
        """Running means and variances, so that the network that is judged is one on all ranks."""
        statistics = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
        if self.size > 1 and statistics:
            for own, mean in zip(statistics, self.average(statistics), strict=True):
                own.copy_(mean)

    def total(self, values: Sequence[float]) -> list[float]:
        """Their sums over the ranks, in float64."""
        if self.size == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64, device=self.device)
        _collective(lambda: distributed.all_reduce(sums))
        return sums.tolist()

    def first(self, value: float) -> float:
        """What rank 0 has."""
        if self.size == 1:
            return value
        sent = torch.tensor([value], dtype=torch.float64, device=self.device)
        _collective(lambda: distributed.broadcast(sent, 0))
        return float(sent)

    def check_alike(self, tensors: Sequence[Tensor], what: str) -> None:
        """Raises RanksDifferError on all ranks if `tensors` are not bit-equal on all of them."""
        if self.size == 1:
            return
        own = torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).view(torch.uint8)
        first = own.clone()
        _collective(lambda: distributed.broadcast(first, 0))
        differing = [float(not torch.equal(own, first))]
        (count,) = self.total(differing)
        if count:
            raise RanksDifferError(
                f"{what} is no longer the same on all {self.size} workers of this trial ({count:g} "
                "differ from the first). Workers on unlike processors or GPUs round differently: "
                "give a trial workers of one kind."
            )


ALONE = World()


def _collective(call: Callable[[], object]) -> None:
    try:
        call()
    except RuntimeError as error:
        raise LostRankError(f"The workers of this trial lost each other: {error}") from error
