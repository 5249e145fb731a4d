"""From architecture logits alpha (E, O) to mixing weights (E, O), one row an edge.

`exists` (E, O), where given, says which operations an edge has; the others are mixed with exactly 0
and get no gradient. `progress`, 0 to 1, is the share of the search that is done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from automl_on_ray.search_spaces.core import UserError, check_choice

Sample = Callable[[Tensor, float, Generator], Tensor]
Expected = Callable[[Tensor], Tensor]

GUMBEL_TEMPERATURES = (10.0, 0.1)  # at the start and at the end of the search
LOWEST_CONCENTRATION = 1e-3  # Dirichlet samples of smaller ones are zeros and infinite gradients


def softmax(alpha: Tensor, progress: float, generator: Generator) -> Tensor:
    """DARTS (Liu et al. 2019, arXiv:1806.09055, equation 2). Draws nothing."""
    return alpha.softmax(1)


def gumbel(alpha: Tensor, progress: float, generator: Generator) -> Tensor:
    """GDAS (Dong and Yang 2019, arXiv:1910.04465, equations 3 to 5): one operation an edge.

    Exactly 1 for the drawn operation and 0 elsewhere, so that a supernet need not compute the
    others. The gradient is that of the drawn operation's softened probability, whose temperature
    falls linearly from 10 to 0.1.
    """
    first, last = GUMBEL_TEMPERATURES
    temperature = first + (last - first) * min(progress, 1.0)
    uniform = torch.rand(
        alpha.shape, generator=generator, dtype=alpha.dtype, device=generator.device
    )
    noise = -torch.log(-torch.log(uniform.clamp(1e-12, 1 - 1e-7))).to(alpha)
    soft = ((alpha.log_softmax(1) + noise) / temperature).softmax(1)
    chosen = F.one_hot(soft.argmax(1), alpha.shape[1]).to(alpha)
    # Added before it is subtracted: 1 + p - p would be off by a rounding.
    return chosen * (1 + (soft - soft.detach()))


def dirichlet(alpha: Tensor, progress: float, generator: Generator) -> Tensor:
    """DrNAS (Chen et al. 2021, arXiv:2006.10355, section 3.1): a sample, reparameterised.

    The concentration is elu(alpha) + 1.
    """
    concentration = concentration_of(alpha)
    # PyTorch's sampler has implicit gradients but draws from the global stream alone.
    seed = int(torch.randint(2**62, (1,), generator=generator, device=generator.device))
    gpus = [alpha.device] if alpha.is_cuda else []
    with torch.random.fork_rng(gpus):
        torch.manual_seed(seed)
        return torch.distributions.Dirichlet(concentration, validate_args=False).rsample()


def sigmoid(alpha: Tensor, progress: float, generator: Generator) -> Tensor:
    """FairDARTS (Chu et al. 2020, arXiv:1911.12126, section 3.2). Draws nothing."""
    return alpha.sigmoid()


def uniform(alpha: Tensor, progress: float, generator: Generator) -> Tensor:
    """SPOS (Guo et al. 2020, arXiv:1904.00420, section 3): one operation an edge, each as likely.

    As ENAS (Pham et al. 2018, arXiv:1802.03268) shares weights, but for its controller. Nothing
    in alpha is looked at, so it learns nothing.
    """
    edges, count = alpha.shape
    chosen = torch.randint(count, (edges,), generator=generator, device=generator.device)
    return F.one_hot(chosen, count).to(alpha)


def concentration_of(alpha: Tensor) -> Tensor:
    """The Dirichlet's, (E, O)."""
    return (F.elu(alpha) + 1).clamp_min(LOWEST_CONCENTRATION)


def expected_dirichlet(alpha: Tensor) -> Tensor:
    concentration = concentration_of(alpha)
    return concentration / concentration.sum(1, keepdim=True)


@dataclass(frozen=True)
class Relaxation:
    """`sample` is what is trained with, `expected` what is evaluated with.

    `ranking` is what cells are derived from. `sparse` if a sample has one operation an edge.
    Where alpha is not `learned`, samples are of derived cells: two edges a node, none never.
    """

    sample: Sample
    expected: Expected
    ranking: Expected
    sparse: bool = False
    learned: bool = True


def _softmax(alpha: Tensor) -> Tensor:
    return alpha.softmax(1)


def _even(alpha: Tensor) -> Tensor:
    return torch.full_like(alpha, 1 / alpha.shape[1])


RELAXATIONS = {
    "softmax": Relaxation(softmax, _softmax, _softmax),
    "gumbel": Relaxation(gumbel, _softmax, _softmax, sparse=True),
    # DrNAS's own program compares edges by the softmax of alpha, not by the Dirichlet's mean.
    "dirichlet": Relaxation(dirichlet, expected_dirichlet, _softmax),
    "sigmoid": Relaxation(sigmoid, torch.sigmoid, torch.sigmoid),
    "uniform": Relaxation(uniform, _even, _even, sparse=True, learned=False),
}


def find_relaxation(name: str) -> Relaxation:
    """UserError with the list for an unknown name."""
    check_choice("relaxation", name, RELAXATIONS)
    return RELAXATIONS[name]


def check_learned(name: str) -> None:
    """UserError for a relaxation that learns no cells: its weights are for judging others'."""
    if not find_relaxation(name).learned:
        raise UserError(
            f"Relaxation {name!r} learns no cells, it only trains weights: use it with "
            "--evaluation one-shot, or take another one."
        )


def mixed(function: Callable[[Tensor], Tensor], alpha: Tensor, exists: Tensor | None) -> Tensor:
    """`function` of `alpha` (E, O) where all operations exist, else of each edge's own.

    Edges that have the same operations go through `function` together.
    """
    if exists is None or bool(exists.all()):
        return function(alpha)
    result = torch.zeros_like(alpha)
    kinds, which = torch.unique(exists.cpu(), dim=0, return_inverse=True)
    for number, kind in enumerate(kinds):
        rows = (which == number).nonzero()[:, :1].to(alpha.device)  # (R, 1)
        columns = kind.nonzero()[:, 0].to(alpha.device)  # (C,)
        result = result.index_put((rows, columns), function(alpha[rows, columns]))
    return result


def normalised_edges(beta: Tensor, nodes: Sequence[int]) -> Tensor:
    """PC-DARTS's edge weights (Xu et al. 2020, arXiv:1907.05737, equation 5), (E,) -> (E,).

    A softmax of `beta` among the edges into each node; `nodes[e]` is the one that edge e goes into.
    """
    into = torch.tensor(list(nodes), device=beta.device)
    weights = torch.zeros_like(beta)
    for node in sorted(set(nodes)):
        rows = (into == node).nonzero()[:, 0]
        weights = weights.index_put((rows,), beta[rows].softmax(0))
    return weights


def two_inputs(nodes: Sequence[int], generator: Generator) -> Tensor:
    """(E,) with 1 for two edges into each node, every pair as likely, and 0 for the others."""
    into = torch.tensor(list(nodes), device=generator.device)
    order = torch.rand(len(into), generator=generator, device=generator.device)
    kept = torch.zeros_like(order)
    for node in sorted(set(nodes)):
        rows = (into == node).nonzero()[:, 0]
        kept[rows[order[rows].topk(2).indices]] = 1.0
    return kept


def flatness(alpha: Tensor) -> Tensor:
    """DrNAS's regulariser, equation 6: KL divergence of the Dirichlets to flat ones, their mean."""
    concentration = concentration_of(alpha)
    flat = torch.distributions.Dirichlet(torch.ones_like(concentration), validate_args=False)
    own = torch.distributions.Dirichlet(concentration, validate_args=False)
    return torch.distributions.kl_divergence(own, flat).mean()


def zero_one(alpha: Tensor) -> Tensor:
    """FairDARTS's L01, equation 6: minus the mean square of sigmoid(alpha)'s distance from 0.5."""
    return -((alpha.sigmoid() - 0.5) ** 2).mean()
