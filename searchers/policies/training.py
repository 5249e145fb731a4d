"""How a policy is trained on results: by REINFORCE, by PPO, or on its best finds."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from automl_on_ray.searchers.members import Judged, best_first, key_of
from automl_on_ray.searchers.policies.networks import Independent, Policy

PACE = 0.1  # of the baseline: an exponential moving average of rewards


@dataclass(frozen=True)
class Told:
    """A member that was tried; its `drawn` log-probability is that of the policy that drew it."""

    judged: Judged
    encoded: list[int]
    drawn: float


class Trainer(Protocol):
    def learn(self, told: Told) -> None: ...


class _Trained:
    """A policy and its optimiser (Adam)."""

    def __init__(self, policy: Policy, rate: float, entropy: float) -> None:
        self.policy, self.entropy = policy, entropy
        self.optimiser = torch.optim.Adam(policy.parameters(), lr=rate)

    def _descend(self, loss: Tensor) -> None:
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()


class PriorityQueue(_Trained):
    """More likely become the best distinct finds (Abolafia et al. 2018, arXiv:1801.03526)."""

    def __init__(self, policy: Policy, *, size: int = 5, entropy: float = 0.5) -> None:
        super().__init__(policy, 0.2 if isinstance(policy, Independent) else 0.01, entropy)
        self.size = size
        self.best: list[Told] = []

    def learn(self, told: Told) -> None:
        if told.judged.standing >= 0:
            by_key = {key_of(one.judged.config): one for one in (*self.best, told)}
            best = best_first([one.judged for one in by_key.values()])[: self.size]
            self.best = [by_key[key_of(one.config)] for one in best]
        if self.best:
            likely, entropy = self.policy.judge([one.encoded for one in self.best])
            self._descend(-likely.mean() - self.entropy * entropy.mean())


class Rewards:
    """What results are worth, without a scale: how many they beat, less how many beat them."""

    def __init__(self) -> None:
        self._before: list[Judged] = []
        self._baseline = 0.0

    def advantage(self, judged: Judged) -> float:
        """From -2 to 2: its reward above the average of late. Failures leave that as it is."""
        others = self._before
        won = sum(judged.beats(other) for other in others)
        lost = sum(other.beats(judged) for other in others)
        reward = (won - lost) / max(len(others), 1)
        advantage = reward - self._baseline
        if judged.standing >= 0:
            self._baseline += PACE * advantage
        self._before.append(Judged({}, judged.standing, judged.values))
        return advantage


class Reinforce(_Trained):
    """Each result once, weighed by its advantage (Williams 1992)."""

    def __init__(self, policy: Policy, *, entropy: float = 0.03) -> None:
        super().__init__(policy, 0.1 if isinstance(policy, Independent) else 0.003, entropy)
        self.rewards = Rewards()

    def learn(self, told: Told) -> None:
        advantage = self.rewards.advantage(told.judged)
        likely, entropy = self.policy.judge([told.encoded])
        self._descend((-advantage * likely - self.entropy * entropy).sum())


class PPO(_Trained):
    """Some results several times, as long as the policy stays near (Schulman et al. 2017)."""

    def __init__(
        self, policy: Policy, *, batch: int = 5, epochs: int = 5, clip: float = 0.2,
        entropy: float = 0.03,
    ) -> None:  # fmt: skip
        super().__init__(policy, 0.03 if isinstance(policy, Independent) else 0.003, entropy)
        self.batch, self.epochs, self.clip = batch, epochs, clip
        self.rewards = Rewards()
        self.waiting: list[tuple[Told, float]] = []

    def learn(self, told: Told) -> None:
        self.waiting.append((told, self.rewards.advantage(told.judged)))
        if len(self.waiting) < self.batch:
            return
        encoded = [one.encoded for one, _ in self.waiting]
        drawn = torch.tensor([one.drawn for one, _ in self.waiting])
        advantages = torch.tensor([advantage for _, advantage in self.waiting])
        self.waiting = []
        for _ in range(self.epochs):
            likely, entropy = self.policy.judge(encoded)
            self._descend(
                -clipped_gain(likely - drawn, advantages, self.clip).mean()
                - self.entropy * entropy.mean()
            )


def clipped_gain(change: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """PPO's objective (N,), of the change of log-probabilities since they were drawn."""
    ratio = change.clamp(max=math.log(1e6)).exp()
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


TRAINERS: dict[str, type[PriorityQueue] | type[Reinforce] | type[PPO]] = {
    "priority-queue": PriorityQueue,
    "reinforce": Reinforce,
    "ppo": PPO,
}
