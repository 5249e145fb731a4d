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
from automl_on_ray.trainables.recommendation.seen import Seen

FILE = "bpr.npz"
BATCH_EVENTS = 4096
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
        np.savez(folder / FILE, **self.arrays)

    def _factors(self, had: sparse.csr_matrix) -> Tensor:
        """(users, factors), by gradients of the loss on the same pairs in each step."""
        items, bias = (torch.from_numpy(self.arrays[name]) for name in ("items", "bias"))
        counts = np.diff(had.indptr)
        turn = np.arange(ASKED_PAIRS) % np.maximum(counts, 1)[:, None]
        last = max(had.nnz - 1, 0)
        places = np.minimum(had.indptr[:-1, None] + turn, last)
        liked = had.indices[places] if had.nnz else np.zeros_like(places)
        drawn = np.tile(self.arrays["drawn"], (had.shape[0], 1))
        fresh = np.asarray(had[np.arange(had.shape[0])[:, None], drawn].todense()) == 0
        weights = torch.from_numpy((fresh & (counts > 0)[:, None]).astype(np.float32))
        liked, drawn = torch.from_numpy(liked.astype(np.int64)), torch.from_numpy(drawn)
        more, start = items[liked] - items[drawn], bias[liked] - bias[drawn]
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
    width = config["bpr_factors"]
    users, items = (
        (torch.randn(count, width, generator=draw) * SPREAD).requires_grad_()
        for count in (seen.user_count, seen.item_count)
    )
    bias = torch.zeros(seen.item_count, 1, requires_grad=True)
    optimizer = torch.optim.Adam([users, items, bias], lr=config["bpr_learning_rate"])
    for _ in range(config["bpr_epochs"]):
        _epoch((users, items, bias), optimizer, seen, config, draw)
    drawn = torch.randint(seen.item_count, (ASKED_PAIRS,), generator=draw)
    arrays = {
        "items": items.detach().numpy(), "bias": bias.detach()[:, 0].numpy(), "drawn": drawn.numpy(),
        "regularisation": np.array(config["bpr_regularisation"]),
    }  # fmt: skip
    return RankingFactors(arrays, settings.threads)


def load(folder: Path, threads: int) -> RankingFactors:
    with np.load(folder / FILE, allow_pickle=False) as stored:
        return RankingFactors({name: stored[name] for name in stored.files}, threads)


def _epoch(
    weights: tuple[Tensor, Tensor, Tensor],
    optimizer: torch.optim.Optimizer,
    seen: Seen,
    config: Mapping[str, Any],
    draw: torch.Generator,
) -> None:
    users, items, bias = weights
    pairs = np.sort(seen.users.astype(np.int64) * seen.item_count + seen.items)
    whose = torch.from_numpy(seen.users.astype(np.int64))
    liked = torch.from_numpy(seen.items.astype(np.int64))
    for rows in torch.randperm(len(whose), generator=draw).split(BATCH_EVENTS):
        user, item = whose[rows, None], liked[rows, None]
        drawn = torch.randint(seen.item_count, (len(rows), config["bpr_negatives"]), generator=draw)
        fresh = torch.from_numpy(~_among((user * seen.item_count + drawn).numpy(), pairs))
        mine, own = F.embedding(user, users), F.embedding(item, items)
        other = F.embedding(drawn, items)
        margins = (
            (mine * (own - other)).sum(-1)
            + F.embedding(item, bias)[..., 0]
            - F.embedding(drawn, bias)[..., 0]
        )
        sizes = mine.square().sum(-1) + own.square().sum(-1) + other.square().sum(-1)
        losses = F.softplus(-margins) + config["bpr_regularisation"] * sizes
        optimizer.zero_grad(set_to_none=True)
        ((losses * fresh).sum() / fresh.sum().clamp_min(1)).backward()
        optimizer.step()


def _among(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Which of `values` are in the sorted ones."""
    place = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return ordered[place] == values
