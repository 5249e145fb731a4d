"""What searchers that learn from members share: none handed out twice, results compared."""

import bisect
import itertools
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.searchers._ask_tell import TrialOutcome
from automl_on_ray.searchers._unvisited_members import Exhausted
from automl_on_ray.searchers.members.domains import check_supported, identity_of, varying
from automl_on_ray.searchers.members.moves import mutated
from automl_on_ray.searchers.random_search import MAX_DRAWS, RandomSearch

BLOCK = 8  # drawn for half as many members at random, where there is a prior
MAX_STEPS = 64  # of a walk from a member to one that is new


@dataclass(frozen=True)
class Judged:
    """A member and what it came to: every value higher is better.

    `standing` is before all values: a trial that was stopped has come so far, one that failed has
    come to nothing (-1), and a completed one is above both. Schedulers stop what is bad, and a
    value at an earlier step is no value at the last.
    """

    config: Config
    standing: float
    values: tuple[float, ...] = ()

    def beats(self, other: "Judged") -> bool:
        """Whether it is better: no worse in any objective, and better in one."""
        if self.standing != other.standing:
            return self.standing > other.standing
        return self.values != other.values and all(map(float.__ge__, self.values, other.values))


class Learner(RandomSearch):
    """An algorithm is `propose` and `learn`; what it proposes may be old, or break constraints."""

    def start(self) -> None:
        assert self.settings is not None
        super().start()
        self._handed = {self.identity(point) for point in self._points}
        self._learned = 0
        self._promising: list[Config] = []
        for key, domain in self.settings.space.domains.items():
            check_supported(key, domain)
        self.begin()
        for trial in self.settings.known:
            known = {step: of for step, of in trial.curve.items() if step <= self.settings.max_t}
            if known:
                end = "completed" if max(known) == self.settings.max_t else "early_stopped"
                config = varying(self.settings.space, dict(trial.config))
                self.tell(config, TrialOutcome(end, known))  # type: ignore[arg-type]
                if end == "completed":  # it need not be tried again
                    self._handed.add(self.identity(config))
                    self._unvisited.take(config)

    def begin(self) -> None:
        """Set up, before anything is learned."""

    def propose(self) -> Config | None:
        """A member to try next; None for one at random."""
        raise NotImplementedError

    def learn(self, judged: Judged) -> None:
        """A trial has come to something, or failed."""
        raise NotImplementedError

    def ask(self) -> Config:
        if not self._promising:
            self._unvisited.check()
        proposed = self.propose()
        if proposed is None:
            return self.at_random()
        return proposed if self.take(proposed) else self.near(proposed)

    def tell(self, config: Config, outcome: TrialOutcome) -> None:
        """What was ended before it could report says nothing of its config."""
        if outcome.verdict != "unknown":
            self._learned += 1
            self.learn(self.judged(config, outcome))

    def judged(self, config: Config, outcome: TrialOutcome) -> Judged:
        assert self.settings is not None
        if outcome.verdict == "failed" or not outcome.curve:
            return Judged(config, -1.0)
        objectives = self.settings.objectives
        values = tuple(float(o.sign() * outcome.last[o.metric]) for o in objectives)
        whole = outcome.verdict == "completed"
        return Judged(config, math.inf if whole else float(max(outcome.curve)), values)

    def is_new(self, config: Config) -> bool:
        """Whether neither it nor its equal was handed out, and it meets the constraints."""
        return all(rule.holds(config) for rule in self._constraints) and (
            self.identity(config) not in self._handed
        )

    def identity(self, config: Config) -> str:
        """Equal for members that are one: with the same graph and the same training parameters."""
        assert self.settings is not None
        return identity_of(self.settings.space, config)

    def take(self, config: Config) -> bool:
        """Whether it is new; then it is handed out, and is so no longer."""
        if not (self.is_new(config) and self._unvisited.take(config)):
            return False
        self._handed.add(self.identity(config))
        return True

    def near(self, config: Config) -> Config:
        """A new member some steps from `config`, or one at random."""
        assert self.settings is not None
        for _ in range(MAX_STEPS):
            config = mutated(self.settings.space, config, self._generator)
            if self.take(config):
                return config
        return self.at_random()

    def at_random(self) -> Config:
        """A new member; with a prior, of each `BLOCK` drawn the half that is better by it."""
        assert self.settings is not None
        if self.settings.prior is None:
            return self._drawn_new()
        if not self._promising:
            drawn = [self._drawn_new()]
            with suppress(Exhausted):
                while len(drawn) < BLOCK:
                    drawn.append(self._drawn_new())
            drawn.sort(key=self.settings.prior, reverse=True)
            kept = (len(drawn) + 1) // 2
            self._promising = drawn[:kept]
            for config in drawn[kept:]:  # children may come to them yet
                self._handed.discard(self.identity(config))
                self._unvisited.put_back(config)
        return self._promising.pop(0)

    def _drawn_new(self) -> Config:
        """Raises Exhausted, in a finite space when none is left."""
        for _ in range(MAX_DRAWS) if self._unvisited.left is None else itertools.count():
            config = self.draw()
            if (identity := self.identity(config)) not in self._handed:
                self._handed.add(identity)
                return config
        raise Exhausted  # of a space too large to be listed

    @property
    def begun(self) -> int:
        return max(self._draws, self.asked)

    @property
    def asked(self) -> int:
        """Trials that were handed out and may still be, or have, learned from."""
        return self._learned + len(self.in_flight)


def best_first(told: Sequence[Judged]) -> list[Judged]:
    """By standing, then by value; with several objectives by rank and crowding (NSGA-II)."""
    by_standing = sorted(told, key=lambda one: -one.standing)
    found: list[Judged] = []
    for _, alike in itertools.groupby(by_standing, key=lambda one: one.standing):
        group = list(alike)
        if len(group[0].values) > 1:
            found += [group[i] for i in _by_front(np.array([one.values for one in group]))]
        else:
            found += sorted(group, key=lambda one: one.values, reverse=True)
    return found


def _by_front(values: np.ndarray) -> list[int]:
    """Indices of the rows, the Pareto front first, in each front the least crowded first."""
    ranks = _ranks_of_two(values) if values.shape[1] == 2 else _ranks(values)
    found: list[int] = []
    for rank in range(int(ranks.max()) + 1):
        front = np.flatnonzero(ranks == rank)
        crowding = _crowding(values[front])
        found += [int(i) for i in front[np.argsort(-crowding, kind="stable")]]
    return found


def _ranks_of_two(values: np.ndarray) -> np.ndarray:
    """The front of each row, 0 for the first, in n log n: from the right to the left.

    Of each front the row seen last is the highest, and the fronts' heights fall. So a row's front
    is the first one whose height it surpasses.
    """
    ranks = np.zeros(len(values), dtype=int)
    depths: list[float] = []  # minus the heights, in order
    before, rank = (math.nan, math.nan), 0
    for index in np.lexsort((-values[:, 1], -values[:, 0])):
        x, y = values[index].tolist()
        if (x, y) != before:
            rank = bisect.bisect_right(depths, -y)
            depths[rank : rank + 1] = [-y]
        ranks[index], before = rank, (x, y)
    return ranks


def _ranks(values: np.ndarray) -> np.ndarray:
    """The front of each row, 0 for the first, by comparing all with all."""
    at_least = (values[:, None] >= values[None]).all(2)
    dominates = at_least & ~at_least.T
    ranks, left = np.full(len(values), -1), np.ones(len(values), dtype=bool)
    while left.any():
        front = left & ~(dominates & left[:, None]).any(0)
        ranks[front] = ranks.max() + 1
        left &= ~front
    return ranks


def _crowding(values: np.ndarray) -> np.ndarray:
    """How far the neighbours of each row are from each other in its front (Deb et al. 2002)."""
    distance = np.zeros(len(values))
    for column in values.T:
        order = np.argsort(column, kind="stable")
        span = column[order[-1]] - column[order[0]]
        distance[order[[0, -1]]] = math.inf
        if span > 0:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return distance
