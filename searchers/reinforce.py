"""A policy that proposes members and is trained on what they come to, as in Zoph and Le (2017).

By default it is trained on its best distinct finds (Abolafia et al. 2018), the one such method that
competes with evolution. REINFORCE, PPO and an LSTM as policy are there by choice.
"""

from typing import Any

import torch

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.beliefs import weight_after
from automl_on_ray.search_spaces.core import check_choice
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers.choosing import SearcherCapabilities
from automl_on_ray.searchers.members import Judged, Learner, key_of, results_of
from automl_on_ray.searchers.policies import TRAINERS, Decisions, SourcePolicies, Told, policy

CAPABILITIES = SearcherCapabilities(
    takes_known_results=True,
    takes_sources=True,
    takes_prior=True,
    takes_beliefs=True,
    takes_parameter_constraints=True,
)
POLICIES = ("independent", "lstm")
USUAL_BUDGET = 50  # trials, where it is not known
MAX_BEGINNING = 20  # members at random before the policy proposes
RARELY = 3  # beside sources every third of these is at random: that shows whether they are right


def create(settings: SearcherSettings) -> "PolicySearch":
    return PolicySearch(settings)


class PolicySearch(Learner):
    """Draws members from a policy, and trains it with each result.

    A fifth of the trials, at most 20, are drawn from the space beforehand: a policy that believes
    the first few results goes astray. Beliefs shape these, and weigh the policy's options, the
    later the less. So do sources, where there are any: on the trials of each a policy is trained
    beforehand, which counts as far as it ranks today's results rightly.

    What it draws and was tried already is moved, one decision at a time, until it is new. Drawing
    again instead found less on NAS-Bench-201, as a policy that is sure of itself stays where it is.
    `policy` is `independent` (a softmax for each decision) or `lstm`. `training` is
    `priority-queue`, `reinforce` or `ppo`. UserError for other words.
    """

    def __init__(
        self,
        settings: SearcherSettings | None = None,
        *,
        policy: str = "independent",
        training: str = "priority-queue",
        **plain: Any,
    ) -> None:
        check_choice("policy", policy, POLICIES)
        check_choice("training", training, tuple(TRAINERS))
        self._words = policy, training
        super().__init__(settings, **plain)

    def begin(self) -> None:
        assert self.settings is not None
        self._decisions = Decisions(self.settings.space)
        self._policy = policy(self._words[0], self._decisions, self.settings.seed)
        self._believed = torch.from_numpy(self._decisions.believed(self.settings.beliefs))
        told = {source.name: results_of(source, self.settings) for source in self.settings.sources}
        self._sources = SourcePolicies(self._decisions, told)
        self._told: list[Judged] = []
        self._heed(self._sources.trust([]))
        self._trainer = TRAINERS[self._words[1]](self._policy)
        self._drawn: dict[str, float] = {}

    def propose(self) -> Config | None:
        assert self.settings is not None
        budget = self.settings.samples or USUAL_BUDGET
        beginning = self.asked < min(budget // 5, MAX_BEGINNING)
        if beginning and (not self._sources or self.asked % RARELY == RARELY - 1):
            return None
        self._policy.heed = min(1.0, weight_after(self.begun))
        ((config, likely),) = self._policy.draw(1, self._generator)
        if self.is_new(config):
            self._drawn[key_of(config)] = likely
        return config

    def learn(self, judged: Judged) -> None:
        """What was not drawn from the policy counts as if it were drawn from today's."""
        encoded = self._decisions.encode(judged.config)
        drawn = self._drawn.pop(key_of(judged.config), None)
        if drawn is None:
            drawn = float(self._policy.judge([encoded])[0].detach())
        self._trainer.learn(Told(judged, encoded, drawn))
        if self._sources:
            self._told.append(judged)
            self.trust = self._sources.trust(self._told)
            self._heed(self.trust)

    def _heed(self, trust: dict[str, float]) -> None:
        taught = self._sources.table(trust) if self._sources else 0.0
        self._policy.believed = self._believed + taught
