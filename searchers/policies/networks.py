"""Two policies: decisions that know nothing of each other, and an LSTM that takes them in a row."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from automl_on_ray.search_spaces import Config
from automl_on_ray.searchers.policies.decisions import ABSENT, Decisions

HIDDEN = 32


class Policy(nn.Module):
    """A distribution over members. A subclass has `first` and `follow`."""

    def __init__(self, decisions: Decisions) -> None:
        super().__init__()
        self.decisions = decisions
        counts = torch.tensor([decision.options for decision in decisions.every])
        self.missing = torch.arange(decisions.widest)[None] >= counts[:, None]  # (D, O)
        # What people believe of options, as logarithms (D, O), and the power to which it counts.
        self.believed, self.heed = torch.zeros(self.missing.shape), 1.0

    def first(self, members: int) -> Any:
        """What is known before the first decision."""
        raise NotImplementedError

    def follow(self, index: int, known: Any, options: Tensor) -> tuple[Tensor, Any]:
        """Logits (N, O) of decision `index`, and what is known after it.

        `options` (N,) are those of the decision before, ABSENT for none.
        """
        raise NotImplementedError

    def draw(self, count: int, generator: np.random.Generator) -> list[tuple[Config, float]]:
        """Members, each with the logarithm of its probability."""
        configs: list[Config] = [{} for _ in range(count)]
        known, before, totals = self.first(count), np.full(count, ABSENT), np.zeros(count)
        for index, decision in enumerate(self.decisions.every):
            with torch.no_grad():
                logits, known = self.follow(index, known, torch.from_numpy(before))
                told = self._log_probabilities(index, logits).double().numpy()
            reached = np.exp(told).cumsum(1) < generator.random((count, 1))
            options = np.minimum(reached.sum(1), decision.options - 1)
            taken = np.array([self.decisions.applies(decision, config) for config in configs])
            for config, option in zip(np.array(configs)[taken], options[taken], strict=True):
                config[decision.key] = decision.draw(int(option), generator)
            totals += np.where(taken, told[np.arange(count), options], 0.0)
            before = np.where(taken, options, ABSENT)
        return list(zip(configs, totals.tolist(), strict=True))

    def judge(self, members: list[list[int]]) -> tuple[Tensor, Tensor]:
        """Log-probabilities (N,) of encoded members, and their entropies (N,) along the way.

        The entropy is the sum over the decisions that a member takes.
        """
        rows = torch.tensor(members)
        known, before = self.first(len(rows)), torch.full((len(rows),), ABSENT)
        total, entropy = torch.zeros(len(rows)), torch.zeros(len(rows))
        for index in range(len(self.decisions)):
            logits, known = self.follow(index, known, before)
            told = self._log_probabilities(index, logits)
            before = rows[:, index]
            taken = before != ABSENT
            chosen = told.gather(1, before.clamp(min=0)[:, None])[:, 0]
            total = total + torch.where(taken, chosen, 0.0)
            spread = -(told.exp() * told.masked_fill(self.missing[index], 0.0)).sum(1)
            entropy = entropy + torch.where(taken, spread, 0.0)
        return total, entropy

    def _log_probabilities(self, index: int, logits: Tensor) -> Tensor:
        logits = logits + self.heed * self.believed[index]
        return logits.masked_fill(self.missing[index], -math.inf).log_softmax(1)


class Independent(Policy):
    """A softmax for each decision, even at the beginning."""

    def __init__(self, decisions: Decisions) -> None:
        super().__init__(decisions)
        self.logits = nn.Parameter(torch.zeros(len(decisions), decisions.widest))

    def first(self, members: int) -> int:
        return members

    def follow(self, index: int, known: int, options: Tensor) -> tuple[Tensor, int]:
        return self.logits[index].expand(known, -1), known


class Recurrent(Policy):
    """An LSTM whose input is the option of the decision before (Zoph and Le 2017)."""

    def __init__(self, decisions: Decisions) -> None:
        super().__init__(decisions)
        shape = len(decisions), decisions.widest
        self.embedding = nn.Embedding(shape[0] * (shape[1] + 1), HIDDEN)
        self.cell = nn.LSTMCell(HIDDEN, HIDDEN)
        self.heads = nn.Parameter(torch.empty(*shape, HIDDEN).uniform_(-0.1, 0.1))

    def first(self, members: int) -> tuple[Tensor, Tensor]:
        zeros = self.heads.new_zeros(members, HIDDEN)
        return zeros, zeros

    def follow(
        self, index: int, known: tuple[Tensor, Tensor], options: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        place = index * (self.decisions.widest + 1) + options + 1
        known = self.cell(self.embedding(place), known)
        return known[0] @ self.heads[index].T, known


def policy(name: str, decisions: Decisions, seed: int) -> Policy:
    """`independent` or `lstm`, with weights by its own seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return {"independent": Independent, "lstm": Recurrent}[name](decisions)
