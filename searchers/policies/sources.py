"""What a policy learns beforehand, of trials on other data."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from automl_on_ray.searchers.members import Judged, best_first
from automl_on_ray.searchers.policies.decisions import ABSENT, Decisions
from automl_on_ray.searchers.policies.networks import Independent
from automl_on_ray.searchers.policies.training import Reinforce, Told

PASSES = 10  # over the trials of a source
DOUBT = 5  # results of today, from which on they decide more on the trust than good faith does


class SourcePolicies:
    """Of each source a policy of independent decisions, trained on its trials alone.

    By REINFORCE, however today's is trained: it learns from all trials, the best ones and others.
    `told` are their results by the source's name, on scales of their own: they are compared within
    a source only.
    """

    def __init__(self, decisions: Decisions, told: Mapping[str, Sequence[Judged]]) -> None:
        self._decisions = decisions
        self._policies = {
            name: _trained(decisions, trials) for name, trials in told.items() if trials
        }

    def __bool__(self) -> bool:
        return bool(self._policies)

    def trust(self, told: Sequence[Judged]) -> dict[str, float]:
        """By name, from 0 to 1: how well each would have ranked the results of today.

        It is 1 without results, and with many of them Spearman's rank correlation.
        """
        if len(told) < 2:
            return dict.fromkeys(self._policies, 1.0)
        worth = _ranks(told)
        rows = [self._decisions.encode(one.config) for one in told]
        return {
            name: float(np.clip((DOUBT + len(told) * _correlation(_surprise(made, rows), worth))
                                / (DOUBT + len(told)), 0.0, 1.0))
            for name, made in self._policies.items()
        }  # fmt: skip

    def table(self, trust: Mapping[str, float]) -> Tensor:
        """Logarithms (decisions, options) of how much more likely an option is than others.

        The mean over sources, each as far as it is trusted.
        """
        tables = [
            trust[name] * made.logits.detach().masked_fill(made.missing, 0.0)
            for name, made in self._policies.items()
        ]
        return torch.stack(tables).mean(0)


def _trained(decisions: Decisions, trials: Sequence[Judged]) -> Independent:
    made = Independent(decisions)
    trainer = Reinforce(made)
    told = [Told(one, decisions.encode(one.config), 0.0) for one in trials]
    for one in PASSES * told:
        trainer.learn(one)
    return made


def _surprise(made: Independent, rows: list[list[int]]) -> np.ndarray:
    """(n,): how much likelier each member is than of an even policy, whatever it has to decide."""
    even = [
        sum(-np.log(decision.options) for decision, option in zip(made.decisions.every, row,
                                                                  strict=True) if option != ABSENT)
        for row in rows
    ]  # fmt: skip
    return made.judge(rows)[0].detach().double().numpy() - np.array(even)


def _ranks(told: Sequence[Judged]) -> np.ndarray:
    """(n,): the best has the highest."""
    places = {id(one): -place for place, one in enumerate(best_first(told))}
    return np.array([places[id(one)] for one in told], float)


def _correlation(expected: np.ndarray, worth: np.ndarray) -> float:
    """Spearman's; 0 where all are expected alike."""
    first, second = rankdata(expected), rankdata(worth)
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
