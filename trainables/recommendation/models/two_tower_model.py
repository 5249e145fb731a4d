"""Two networks, of what a user had and of an item; a score is the product of what they give.

Both begin with an embedding of each item. A softmax over the item that a user had and some that are
drawn by chance is learned (Covington et al. 2016; Yi et al. 2019), on the CPU.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.trainables.recommendation.models.choosing import FitSettings
from automl_on_ray.trainables.recommendation.models.user_batches import user_batches
from automl_on_ray.trainables.recommendation.seen import Seen

FILE = "two_tower.pt"
ASKED_USERS = 1024
SPREAD = 0.1  # of a first embedding
SHAPE = ("factors", "width", "depth", "dropout")


class Towers(nn.Module):
    """`depth` hidden layers of `width` in each tower; both give `factors` numbers."""

    def __init__(self, items: int, factors: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(items, factors)
        nn.init.normal_(self.embedding.weight, std=SPREAD)
        self.bias = nn.Parameter(torch.zeros(items))
        self.user_tower = _tower(factors, width, depth, dropout)
        self.item_tower = _tower(factors, width, depth, dropout)

    def users(self, total: Tensor, count: Tensor) -> Tensor:
        """(B, factors) of the sum (B, factors) of the embeddings of `count` (B,) items."""
        return self.user_tower(total / count.clamp_min(1).sqrt()[:, None])

    def items(self, codes: Tensor) -> Tensor:
        return self.item_tower(self.embedding(codes))


class TwoTower:
    """The towers as a recommender. A user is what he had, so he need not be known."""

    def __init__(self, towers: Towers, shape: Mapping[str, Any], threads: int) -> None:
        self.towers, self.shape, self.threads = towers.eval(), dict(shape), threads

    def scores(self, users: np.ndarray, seen: Seen) -> np.ndarray:
        torch.set_num_threads(self.threads)
        had, towers = seen.matrix()[users], self.towers
        rows = []
        with torch.inference_mode():
            every = towers.items(torch.arange(len(towers.bias)))
            for start in range(0, len(users), ASKED_USERS):
                part = had[start : start + ASKED_USERS]
                total = torch.from_numpy(part @ towers.embedding.weight.numpy())
                count = torch.from_numpy(np.diff(part.indptr))
                rows.append(towers.users(total, count) @ every.T + towers.bias)
        return torch.cat(rows).numpy() if rows else np.empty((0, len(self.towers.bias)), np.float32)

    def save(self, folder: Path) -> None:
        torch.save({"shape": self.shape, "weights": self.towers.state_dict()}, folder / FILE)


def fit(config: Mapping[str, Any], seen: Seen, settings: FitSettings) -> TwoTower:
    torch.set_num_threads(settings.threads)
    shape = {"items": seen.item_count, **{key: config[f"two_tower_{key}"] for key in SHAPE}}
    matrix = seen.matrix()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        draw = torch.Generator().manual_seed(settings.seed)
        towers = Towers(**shape)
        optimizer = torch.optim.AdamW(
            towers.parameters(), lr=config["two_tower_learning_rate"],
            weight_decay=config["two_tower_weight_decay"],
        )  # fmt: skip
        for _ in range(config["two_tower_epochs"]):
            for batch in user_batches(matrix, draw, least=2):
                optimizer.zero_grad(set_to_none=True)
                _loss(towers, matrix[batch.numpy()], config["two_tower_negatives"]).backward()
                optimizer.step()
    return TwoTower(towers, shape, settings.threads)


def load(folder: Path, threads: int) -> TwoTower:
    stored = torch.load(folder / FILE, map_location="cpu", weights_only=True)
    towers = Towers(**stored["shape"])
    towers.load_state_dict(stored["weights"])
    return TwoTower(towers, stored["shape"], threads)


def _tower(factors: int, width: int, depth: int, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Dropout(dropout)]
    sizes = [factors, *[width] * depth]
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], factors))


def _loss(towers: Towers, had: sparse.csr_matrix, negatives: int) -> Tensor:
    """Of a part of what each user had, by chance, told by the rest."""
    count = len(towers.bias)
    lengths = torch.from_numpy(np.diff(had.indptr).astype(np.int64))
    items = torch.from_numpy(had.indices.astype(np.int64))
    whose = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    asked = torch.rand(len(items)) < torch.rand(len(lengths))[whose]
    told = ~asked
    totals = torch.zeros(len(lengths), towers.embedding.embedding_dim)
    totals = totals.index_add(0, whose[told], towers.embedding(items[told]))
    users = towers.users(totals, torch.bincount(whose[told], minlength=len(lengths)))
    scores = (users @ towers.items(torch.arange(count)).T + towers.bias).flatten()
    start, items = whose[asked, None] * count, items[asked, None]
    drawn = torch.randint(count, (len(items), negatives))
    places = start + torch.cat([items, drawn], dim=1)
    logits = scores.gather(0, places.flatten()).view(places.shape)
    logits = logits.masked_fill(F.pad(drawn == items, (1, 0)), -torch.inf)
    right = torch.zeros(len(items), dtype=torch.int64)
    return F.cross_entropy(logits, right, reduction="sum") / max(1, len(items))
