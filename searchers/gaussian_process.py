"""Bayesian optimisation by a Gaussian process, also with kernels on graphs (Ru et al. 2021)."""

import itertools
from collections import deque
from typing import Any

import numpy as np
from scipy import special, stats

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.beliefs import log_density, weight_after
from automl_on_ray.search_spaces.core import UserError, check_choice
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers.choosing import SearcherCapabilities
from automl_on_ray.searchers.kernels import (
    KERNELS,
    Features,
    Kernel,
    Posterior,
    Rows,
    Scores,
    SourceModels,
    expected_improvement,
    fitted,
    targets,
)
from automl_on_ray.searchers.members import Judged, Learner, key_of, neighbours

CAPABILITIES = SearcherCapabilities(
    takes_known_results=True,
    takes_sources=True,
    takes_prior=True,
    takes_beliefs=True,
    takes_parameter_constraints=True,
)
ACQUISITIONS = ("expected-improvement", "thompson")
BEGINNING = 10  # members at random before the model proposes
RARELY = 3  # beside sources every third of these is at random: that shows whether they are right
PARENTS = 5  # of the best, whose neighbours are candidates
NEIGHBOURS, DRAWN = 120, 100  # candidates: of the best, and at random
CLIMBS = 2  # steps from the most promising candidates to their neighbours
FRESH = 10  # of those at random, for each suggestion
COUNTED = 100  # new candidates, the best first, that are looked at for one within the limits
JUDGED = 8  # configs that a prior is asked about, twice for each suggestion at most
KNOWN, FITTED = 400, 150  # results that the model takes, and those that its parameters are found by


def check(settings: SearcherSettings) -> None:
    """UserError for what it cannot do."""
    if settings.sources and settings.prior is not None:
        raise UserError(
            "--searcher gaussian-process takes --warm-start from other data or a zero-cost --prior "
            "as its mean, not both."
        )


def create(settings: SearcherSettings) -> "GaussianProcess":
    return GaussianProcess(settings)


class GaussianProcess(Learner):
    """Believes in results as a Gaussian process does, and tries what promises most.

    Results are ranks, mapped to a normal distribution's quantiles: failed trials are the worst, and
    one bad value says no more than another. `kernel` is on graphs (`wl`: Weisfeiler-Lehman; `paths`
    from input to output), times one on the training parameters; or `unit`, on all parameters. By
    default it is `wl` where the space has a graph. `acquisition` is `expected-improvement` or
    `thompson`, a draw of the function. Candidates are members some steps from the best, and others
    at random.

    Sources are part of the process's mean: each is a Gaussian process of its own, and results say
    how far it is believed. So the first proposal is what sources expect most of. UserError for a
    prior beside them.

    Pending trials count as if they had come to what is expected of them. With several objectives
    each suggestion weights them at random (ParEGO, Knowles 2006). A prior, which takes a while to
    ask, is part of the process's mean for the few most promising candidates. Beliefs shape what is
    drawn at random, and weigh the expected improvement. A suggestion took some 10 ms of a core on
    NAS-Bench-201's cells after 100 results, 25 after 300, and 50 on DARTS's.
    UserError for other words, and for a kernel on graphs where the space has none.
    """

    def __init__(
        self,
        settings: SearcherSettings | None = None,
        *,
        kernel: str | None = None,
        acquisition: str = ACQUISITIONS[0],
        **plain: Any,
    ) -> None:
        if kernel is not None:
            check_choice("kernel", kernel, tuple(KERNELS))
        check_choice("acquisition", acquisition, ACQUISITIONS)
        self._words = kernel, acquisition
        if settings is not None:
            check(settings)
        super().__init__(settings, **plain)

    def begin(self) -> None:
        assert self.settings is not None
        space = self.settings.space
        word = self._words[0] or ("wl" if space.graph else "unit")
        if KERNELS[word] and space.graph is None:
            raise UserError(
                f"Kernel {word!r} compares graphs, and space {space.name!r} has none; take 'unit'."
            )
        self._features = Features(space, word)
        self._told: list[Judged] = []
        self._sources = SourceModels(self.settings, self._features)
        self._kernel: Kernel | None = self._sources.kernel
        self._fitted = BEGINNING // 2 if self._sources else 0
        self._believed: dict[str, float] = {}
        self._drawn: deque[Config] = deque(maxlen=DRAWN)

    def learn(self, judged: Judged) -> None:
        self._told.append(judged)

    def propose(self) -> Config | None:
        assert self.settings is not None
        if self.asked < BEGINNING and (not self._sources or self.asked % RARELY == RARELY - 1):
            return None
        if len(self._told) < 2:
            return self._by_sources() if self._sources else None
        weights = self._weights()
        configs, values = self._kept(targets(self._told, weights))
        expected = self._expected(configs, values, weights)
        posterior, known = self._posterior(configs, values - expected(configs))
        best = float(values.max())
        best_first = [configs[index] for index in _highest(values)]

        def improvement(members: list[Config]) -> np.ndarray:
            return self._improvement(posterior, known, members, best, expected(members))

        found = self._candidates(improvement, best_first[:PARENTS])
        scores = self._scores(posterior, known, found, best, expected(found))
        few = self._new(found, scores, 1 if self.settings.prior is None else JUDGED)
        if len(few) < 2:
            return few[0] if few else best_first[0]
        before, after = np.split(self._prior_means(configs, values, few), [len(configs)])
        posterior, known = self._posterior(configs, values - before)
        scores = self._scores(posterior, known, few, float(values.max()), after)
        return few[int(np.argmax(scores))]

    def _weights(self) -> np.ndarray:
        """Of objectives, for one suggestion."""
        return self._generator.dirichlet(np.ones(len(self.metrics)))

    def _by_sources(self) -> Config:
        """What sources expect most of, while results say nothing yet."""
        expected = self._sources.expected(self._weights())

        def promise(members: list[Config]) -> np.ndarray:
            return expected(members) + np.log(self._beliefs_in(members))

        found = self._candidates(promise, [])
        few = self._new(found, promise(found), 1)
        return few[0] if few else found[0]

    def _expected(self, told: list[Config], values: np.ndarray, weights: np.ndarray) -> Scores:
        """The process's mean; 0 without sources."""
        if not self._sources:
            return lambda members: np.zeros(len(members))
        found, self.trust = self._sources.expected_after(told, values, weights)
        return found

    def _new(self, found: list[Config], scores: np.ndarray, count: int) -> list[Config]:
        """The best of those that were not handed out, within all limits."""
        assert self.settings is not None
        new = (found[index] for index in _highest(scores) if self.is_new(found[index]))
        meets = self.settings.meets
        within = (one for one in itertools.islice(new, COUNTED) if meets is None or meets(one))
        return list(itertools.islice(within, count))

    def _prior_means(
        self, told: list[Config], values: np.ndarray, asked: list[Config]
    ) -> np.ndarray:
        """Of those told, then of those asked: the prior's ranks as quantiles, times a slope.

        The slope is the least squares' on the results, and not below 0: a prior that has ranked
        them wrongly says nothing. What the prior has not been asked about yet has 0.
        """
        assert self.settings is not None
        assert self.settings.prior is not None
        unknown = [config for config in told if key_of(config) not in self._believed]
        for config in [*asked, *unknown[:JUDGED]]:
            if key_of(config) not in self._believed:
                self._believed[key_of(config)] = self.settings.prior(config)
        scores = np.array([self._believed.get(key_of(c), np.nan) for c in [*told, *asked]])
        known = ~np.isnan(scores)
        found = np.zeros(len(scores))
        found[known] = special.ndtri((stats.rankdata(scores[known]) - 0.5) / known.sum())
        own = found[: len(told)]
        slope = max(0.0, float(own @ values) / max(float(own @ own), 1e-9))
        return slope * found

    def _kept(self, values: np.ndarray) -> tuple[list[Config], np.ndarray]:
        """Not more results than KNOWN: half of them the best, half the latest of the others."""
        order = np.argsort(-values, kind="stable")
        latest = np.sort(order[KNOWN // 2 :])[-KNOWN // 2 :]
        kept = np.sort([*order[: KNOWN // 2], *latest])
        return [self._told[i].config for i in kept], values[kept]

    def _candidates(self, promise: Scores, parents: list[Config]) -> list[Config]:
        """Neighbours of the best and some at random; then of the most promising, step by step."""
        elsewhere = self._sources.best(PARENTS)
        found = [*self._neighbours(parents), *self._neighbours(elsewhere), *self._at_random()]
        near = found
        for _ in range(CLIMBS):
            near = self._neighbours([near[i] for i in _highest(promise(near))[:PARENTS]])
            found = found + near
        return found

    def _scores(
        self,
        posterior: Posterior,
        known: Rows,
        members: list[Config],
        best: float,
        means: np.ndarray | float = 0.0,
    ) -> np.ndarray:
        """By the acquisition; `means` are the members' before any result."""
        if self._words[1] == "thompson":
            asked = self._features.rows(members)
            across = known.distances(asked)
            return means + posterior.draw(across, asked.distances(asked), self._generator)
        return self._improvement(posterior, known, members, best, means)

    def _improvement(
        self,
        posterior: Posterior,
        known: Rows,
        members: list[Config],
        best: float,
        means: np.ndarray | float = 0.0,
    ) -> np.ndarray:
        """What is expected of it, weighed by beliefs."""
        across = known.distances(self._features.rows(members))
        improvement = expected_improvement(
            means + posterior.mean(across), posterior.deviation(across), best
        )
        return improvement * self._beliefs_in(members)

    def _beliefs_in(self, members: list[Config]) -> np.ndarray:
        """Factors of an improvement, nearer to 1 with each result (Hvarfner et al. 2022)."""
        assert self.settings is not None
        believed = [log_density(self.settings.beliefs, member) for member in members]
        factors: np.ndarray = np.exp(weight_after(len(self._told)) * np.array(believed))
        return factors

    def _neighbours(self, members: list[Config]) -> list[Config]:
        assert self.settings is not None
        space, generator = self.settings.space, self._generator
        found = [one for config in members for one in neighbours(space, config, generator)]
        if len(found) <= NEIGHBOURS:
            return found
        return [found[i] for i in generator.choice(len(found), NEIGHBOURS, replace=False)]

    def _at_random(self) -> list[Config]:
        """Few of them are new each time: to draw them takes long."""
        for _ in range(FRESH if self._drawn else DRAWN):
            self._drawn.append(self.sampled())
        return list(self._drawn)

    def _posterior(self, configs: list[Config], values: np.ndarray) -> tuple[Posterior, Rows]:
        """And the members that it knows: pending ones too, by what is expected of them."""
        known = self._features.rows([*configs, *self.in_flight])
        told, pending = known.split(len(configs))
        among = told.distances(told)
        kernel = self._fit(among, values)
        posterior = Posterior(kernel, among, values)
        if self.in_flight:
            values = np.append(values, posterior.mean(told.distances(pending)))
            posterior = Posterior(kernel, known.distances(known), values)
        return posterior, known

    def _fit(self, among: np.ndarray, values: np.ndarray) -> Kernel:
        """The kernel's parameters, found anew after every fifth result or a tenth more of them."""
        if self._kernel is None or len(self._told) >= self._fitted + max(5, self._fitted // 10):
            if len(values) > FITTED:
                order = np.argsort(-values, kind="stable")
                some = order[np.linspace(0, len(order) - 1, FITTED).astype(int)]
                among, values = among[:, some][:, :, some], values[some]
            self._kernel = fitted(self._kernel, among, values)
            self._fitted = len(self._told)
        return self._kernel


def _highest(scores: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.argsort(-scores, kind="stable")
    return found
