"""Factors of users and items by Bayesian personalised ranking (Rendle et al. 2009), on the CPU.

What a user had is to be before what he had not: pairs of one and the other are drawn by chance.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn import functional as F

from automl_on_ray.trainables.recommendation.models.choosing import FitSettings
from automl_on_ray.trainables.recommendation.models.user_batches import user_batches
from automl_on_ray.trainables.recommendation.seen import Seen

FILE = "bpr.npz"
SPREAD = 0.1  # of a first factor
ASKED_USERS, ASKED_PAIRS, ASKED_STEPS, ASKED_RATE = 256, 256, 30, 0.2


class RankingFactors:
    """`items` (items, factors) and `bias` (items,). A user's factors are made from what he had.

    So users whom it has never met are served as those are with which it was fitted: by the same
    loss, with the items as they are. `drawn` (pairs,) are the items that what he had is before.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], threads: int) -> None:
        self.arrays, self.threads = dict(arrays), threads

    def scores(self, users: np.ndarray, seen: Seen) -> np.ndarray:
        torch.set_num_threads(self.threads)
        had = seen.matrix()[users]
        items, bias = (torch.from_numpy(self.arrays[name]) for name in ("items", "bias"))
        rows = [
            self._factors(sparse.csr_matrix(had[start : start + ASKED_USERS])) @ items.T + bias
            for start in range(0, len(users), ASKED_USERS)
        ]
        return torch.cat(rows).numpy() if rows else np.empty((0, len(bias)), np.float32)

    def save(self, folder: Path) -> None:
        np.savez(folder / FILE, **dict[str, Any](self.arrays))

    def _factors(self, had: sparse.csr_matrix) -> Tensor:
        """(users, factors), by gradients of the loss on the same pairs in each step."""
        items, bias = (torch.from_numpy(self.arrays[name]) for name in ("items", "bias"))
        counts = np.diff(had.indptr)
        turn = np.arange(ASKED_PAIRS) % np.maximum(counts, 1)[:, None]
        # Of more items than pairs some from all over: codes are in order of ids, often of age.
        spread = np.arange(ASKED_PAIRS) * counts[:, None] // ASKED_PAIRS
        turn = np.where(counts[:, None] > ASKED_PAIRS, spread, turn)
        last = max(had.nnz - 1, 0)
        places = np.minimum(had.indptr[:-1, None] + turn, last)
        liked = had.indices[places] if had.nnz else np.zeros_like(places)
        drawn = np.tile(self.arrays["drawn"], (had.shape[0], 1))
        fresh = np.asarray(had[np.arange(had.shape[0])[:, None], drawn].todense()) == 0
        weights = torch.from_numpy((fresh & (counts > 0)[:, None]).astype(np.float32))
        first, second = torch.from_numpy(liked.astype(np.int64)), torch.from_numpy(drawn)
        more, start = items[first] - items[second], bias[first] - bias[second]
        regularisation = float(self.arrays["regularisation"])
        factors = torch.zeros(had.shape[0], items.shape[1], requires_grad=True)
        optimizer = torch.optim.Adam([factors], lr=ASKED_RATE)
        total = weights.sum(dim=1).clamp_min(1)
        for _ in range(ASKED_STEPS):
            optimizer.zero_grad(set_to_none=True)
            margins = torch.einsum("upf,uf->up", more, factors) + start
            loss = (F.softplus(-margins) * weights).sum(dim=1) / total
            (loss.sum() + regularisation * factors.square().sum()).backward()
            optimizer.step()
        return factors.detach()


def fit(config: Mapping[str, Any], seen: Seen, settings: FitSettings) -> RankingFactors:
    torch.set_num_threads(settings.threads)
    draw = torch.Generator().manual_seed(settings.seed)
    users, items = (
        (torch.randn(count, config["bpr_factors"], generator=draw) * SPREAD).requires_grad_()
        for count in (seen.user_count, seen.item_count)
    )
    bias = torch.zeros(seen.item_count, requires_grad=True)
    optimizer = torch.optim.Adam([users, items, bias], lr=config["bpr_learning_rate"])
    matrix = seen.matrix()
    for _ in range(config["bpr_epochs"]):
        for batch in user_batches(matrix, draw):
            optimizer.zero_grad(set_to_none=True)
            _loss(users[batch], items, bias, matrix[batch.numpy()], config, draw).backward()
            optimizer.step()
    drawn = torch.randint(seen.item_count, (ASKED_PAIRS,), generator=draw)
    arrays = {
        "items": items.detach().numpy(), "bias": bias.detach().numpy(), "drawn": drawn.numpy(),
        "regularisation": np.array(config["bpr_regularisation"]),
    }  # fmt: skip
    return RankingFactors(arrays, settings.threads)


def load(folder: Path, threads: int) -> RankingFactors:
    with np.load(folder / FILE, allow_pickle=False) as stored:
        return RankingFactors({name: stored[name] for name in stored.files}, threads)


def _loss(
    users: Tensor,
    items: Tensor,
    bias: Tensor,
    had: sparse.csr_matrix,
    config: Mapping[str, Any],
    draw: torch.Generator,
) -> Tensor:
    """The mean over events, of each against `bpr_negatives` items; both sides regularised."""
    lengths = torch.from_numpy(np.diff(had.indptr).astype(np.int64))
    liked = torch.from_numpy(had.indices.astype(np.int64))
    start = torch.repeat_interleave(torch.arange(len(lengths)) * len(items), lengths)
    drawn = torch.randint(len(items), (len(liked), config["bpr_negatives"]), generator=draw)
    places = start[:, None] + drawn
    fresh = torch.from_numpy(had.toarray() == 0).flatten()[places]
    scores = (users @ items.T + bias).flatten()
    margins = scores.gather(0, start + liked)[:, None]
    margins = margins - scores.gather(0, places.flatten()).view(places.shape)
    often = torch.bincount(liked, minlength=len(items))
    often = often + torch.bincount(drawn.flatten(), minlength=len(items)) / drawn.shape[1]
    sizes = (lengths * users.square().sum(1)).sum() + (often * items.square().sum(1)).sum()
    losses = (F.softplus(-margins) * fresh).sum() / fresh.sum().clamp_min(1)
    return losses + config["bpr_regularisation"] * sizes / len(liked)
