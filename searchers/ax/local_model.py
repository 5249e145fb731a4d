"""A model of a large study: of the trials near the best one, in a trust region around it.

TuRBO (Eriksson et al. 2019, arXiv:1910.01739), one trial at a time. A Gaussian process of the
nearest trials draws a function over members of the region, and the member where that is highest is
tried. As each suggestion draws a function of its own, many may be on trial at once. The region
grows with successes, shrinks without, and begins again elsewhere where it has become too small.
What a suggestion costs does not grow with the study.

Like `AxModel`, it is a function of the order of events.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from botorch.models import SingleTaskGP
from botorch.optim.fit import fit_gpytorch_mll_scipy
from gpytorch.mlls import ExactMarginalLogLikelihood
from ray.tune.search.sample import Categorical
from scipy import special, stats
from torch import Tensor

from automl_on_ray.search_spaces import Config
from automl_on_ray.searchers._ask_tell import TrialOutcome
from automl_on_ray.searchers._constraints import parse_constraints
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers.ax.step_effect import StepGains
from automl_on_ray.searchers.kernels import Features
from automl_on_ray.searchers.members import from_unit, key_of, to_unit, varying

MOST_SEEN = 256  # trials, the nearest ones
CANDIDATES = 500  # members that a drawn function is compared over
MOST_OTHERS = 8  # best trials with other options of a choice, near which it looks too
MOVED = 20  # parameters of a candidate that differ from the best trial's, in the mean at most
FIT_EVERY = 8  # results: hyperparameters hardly change with one more
MAX_STEPS = {True: 40, False: 100}  # L-BFGS's, from the last fit or from nothing
# The region's side, as a part of a parameter's range; the paper's numbers.
LENGTH, MIN_LENGTH, MAX_LENGTH = 0.8, 0.5**7, 1.6
SUCCESSES, MIN_FAILURES = 3, 4  # in a row, until it grows or shrinks
IMPROVED = 1e-3  # of the best value: what is better by less is no success
PART = 8  # it begins again at the best of so small a part of the trials
JITTERS = (1e-8, 1e-6, 1e-4)


class LocalModel:
    """Suggests members of the region; `tell` is its only event. For one objective."""

    def __init__(self, settings: SearcherSettings) -> None:
        self._space = settings.space
        (self._goal,) = settings.objectives
        self._rules = parse_constraints(self._space)
        self._features = Features(self._space.flat, "unit")
        self._generator = np.random.default_rng([settings.seed, 1])
        self._gains = StepGains()
        self._configs: list[Config] = []
        self._units: list[np.ndarray] = []
        self._last: list[tuple[int, float]] = []  # step and value; the higher the better
        self._whole = settings.max_t
        self._fit: dict[str, Tensor] = {}
        self._since_fit = FIT_EVERY
        self._length, self._successes, self._failures = LENGTH, 0, 0
        self._centre: int | None = None

    def __len__(self) -> int:
        """Trials that it was told."""
        return len(self._configs)

    def tell(self, config: Config, outcome: TrialOutcome, pending: int) -> None:
        """A trial has ended while `pending` others run; one that failed is as bad as can be."""
        curve = {
            step: self._goal.sign() * metrics[self._goal.metric]
            for step, metrics in outcome.curve.items()
            if self._goal.metric in metrics and step <= self._whole
        }
        failed = outcome.verdict == "failed" or not curve
        step = self._whole if failed else max(curve)
        self._gains.add(curve)
        self._configs.append(config)
        self._units.append(self._features.rows([config]).units[0])
        self._last.append((step, -math.inf if failed else curve[step]))
        self._since_fit += 1
        self._judge(len(self._last) - 1, pending)

    def suggest(self, unvisited: Collection[str] | None, running: Collection[str]) -> Config:
        """A member of the region that was not tried; `running` are keys of those on trial.

        `unvisited` are the keys of all that is left of a finite space. ValueError if there is none.
        """
        assert self._centre is not None
        centres = [self._centre, *self._others()]
        near = self._near(centres)
        model = self._process(near)
        tried = {key_of(self._configs[index]) for index in near} | set(running)
        candidates = [
            config for config in self._members(centres, self._weights(model))
            if (key := key_of(config)) not in tried
            and (unvisited is None or key in unvisited)
            and all(rule.holds(config) for rule in self._rules)
        ]  # fmt: skip
        if not candidates:
            raise ValueError("no member of the region is left")
        return candidates[int(self._drawn(model, candidates).argmax())]

    # The region

    def _judge(self, index: int, pending: int) -> None:
        """Whether a result is a success, and what follows for the region."""
        value, best = self._value(index), self._best()
        enough = best if math.isinf(best) else best + IMPROVED * abs(best)
        if self._centre is None or value > enough:
            self._successes, self._failures = self._successes + 1, 0
        else:
            self._successes, self._failures = 0, self._failures + 1
        if self._centre is None or value > best:
            self._centre = index
        if self._successes == SUCCESSES:
            self._length, self._successes = min(2 * self._length, MAX_LENGTH), 0
        # What is on trial was suggested before it was known what this one came to.
        if self._failures >= max(MIN_FAILURES, len(self._space.domains), pending):
            self._length, self._failures = self._length / 2, 0
        if self._length < MIN_LENGTH:
            self._begin_again()

    def _begin_again(self) -> None:
        size = max(1, len(self._last) // PART)
        part = self._generator.choice(len(self._last), size, replace=False)
        self._centre = int(max(part, key=self._value))
        self._length, self._successes, self._failures = LENGTH, 0, 0
        self._fit, self._since_fit = {}, FIT_EVERY

    def _value(self, index: int) -> float:
        """At its last step, of all trials; one that was stopped early is taken there."""
        step, value = self._last[index]
        return value + self._gains.to_last(step)

    def _best(self) -> float:
        return -math.inf if self._centre is None else self._value(self._centre)

    def _others(self) -> list[int]:
        """The best trials with another option of a choice, the best first.

        What is best with one option says little of another: there may be a better region.
        """
        assert self._centre is not None
        own, found = self._configs[self._centre], set()
        choices = [
            k for k, domain in self._space.domains.items() if isinstance(domain, Categorical)
        ]
        if not choices:
            return []
        order = sorted(range(len(self._last)), key=lambda index: -self._value(index))
        seen = {(key, repr(own[key])) for key in choices if key in own}
        for index in order:
            config = self._configs[index]
            fresh = {(key, repr(config[key])) for key in choices if key in config} - seen
            if fresh:
                seen |= fresh
                found.add(index)
            if len(found) == MOST_OTHERS:
                break
        return sorted(found, key=order.index)

    def _near(self, centres: Sequence[int]) -> np.ndarray:
        """The trials nearest to each centre: half of them, or all, to the first."""
        units, chosen = np.array(self._units), dict[int, None]()
        for centre, count in zip(centres, _shares(MOST_SEEN, len(centres)), strict=True):
            distance = np.square(units - units[centre]).sum(1)
            order = np.argsort(distance, kind="stable")
            fresh = [int(index) for index in order[:MOST_SEEN] if index not in chosen]
            chosen |= dict.fromkeys(fresh[:count])
        return np.array(list(chosen))

    def _members(self, centres: Sequence[int], weights: Mapping[str, float]) -> list[Config]:
        """Near the centres: half of them, or all, near the first."""
        moves, shifts = self._moves(len(self._space.domains))
        counts = _shares(CANDIDATES, len(centres))
        whose = np.repeat(np.array(centres), counts)
        return [
            self._member(self._configs[centre], weights, moved, shift)
            for centre, moved, shift in zip(whose, moves, shifts, strict=True)
        ]

    def _member(
        self, centre: Config, weights: Mapping[str, float], moved: np.ndarray, shift: np.ndarray
    ) -> Config:
        """By LENGTH times its weight from the centre for a number, by chance for a choice."""
        config = {}
        for (key, domain), moves, way in zip(
            self._space.domains.items(), moved, shift, strict=True
        ):
            if key not in centre:
                config[key] = from_unit(domain, way)
            elif not moves:
                config[key] = centre[key]
            elif isinstance(domain, Categorical):
                chosen = self._generator.random() < self._length / 2
                config[key] = from_unit(domain, way) if chosen else centre[key]
            else:
                place, reach = to_unit(domain, centre[key]), self._length * weights[key] / 2
                low, high = max(0.0, place - reach), min(1.0, place + reach)
                config[key] = from_unit(domain, low + (high - low) * way)
        return varying(self._space, config)

    def _moves(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Which of `count` parameters a candidate moves, at least one, and where within 0 to 1."""
        moves = self._generator.random((CANDIDATES, count)) < min(1.0, MOVED / count)
        moves[np.arange(CANDIDATES), self._generator.integers(count, size=CANDIDATES)] = True
        return moves, self._generator.random((CANDIDATES, count))

    # The process

    def _process(self, near: np.ndarray) -> SingleTaskGP:
        """Of the trials at `near`; values are normal quantiles of their ranks, standardised."""
        values = np.array([self._value(index) for index in near])
        quantiles = special.ndtri((stats.rankdata(values) - 0.5) / len(near))
        spread = quantiles.std(ddof=1) or 1.0
        model = SingleTaskGP(
            torch.from_numpy(np.array([self._units[index] for index in near])),
            torch.from_numpy((quantiles - quantiles.mean()) / spread)[:, None],
            outcome_transform=None,
        )
        model.load_state_dict({**model.state_dict(), **self._fit})
        if self._since_fit >= FIT_EVERY:
            fit = ExactMarginalLogLikelihood(model.likelihood, model).train()
            steps = MAX_STEPS[bool(self._fit)]
            fit_gpytorch_mll_scipy(fit, options={"maxiter": steps, "ftol": 1e-6})
            self._fit = {n: p.detach().clone() for n, p in model.named_parameters()}
            self._since_fit = 0
        return model.eval()

    def _weights(self, model: Any) -> dict[str, float]:
        """Of numbers: their length scales, as parts of the geometric mean."""
        scales = model.covar_module.lengthscale.detach().ravel().tolist()
        found, place = {}, 0
        for key, domain in self._space.domains.items():
            if isinstance(domain, Categorical):
                place += len(domain)
            else:
                found[key] = math.log(scales[place])
                place += 1
            place += key in self._space.conditions
        mean = np.mean(list(found.values())) if found else 0.0
        return {key: math.exp(scale - mean) for key, scale in found.items()}

    def _drawn(self, model: SingleTaskGP, candidates: list[Config]) -> np.ndarray:
        """The values of one function of the process, (candidates,)."""
        units = torch.from_numpy(self._features.rows(candidates).units)
        with torch.no_grad():
            posterior: Any = model.posterior(units)
            mean = posterior.mean.numpy().ravel()
            covariance = posterior.distribution.covariance_matrix.numpy()
        root = _root(covariance)
        drawn: np.ndarray = mean + root @ self._generator.standard_normal(len(mean))
        return drawn


def _shares(total: int, parts: int) -> list[int]:
    """Half of the total and more for the first part, the rest evenly for the others."""
    others = total // 2 // max(1, parts - 1)
    return [total - others * (parts - 1), *[others] * (parts - 1)]


def _root(covariance: np.ndarray) -> np.ndarray:
    """Its Cholesky factor, with as little on the diagonal as needed."""
    for jitter in JITTERS:
        try:
            return np.linalg.cholesky(covariance + jitter * np.eye(len(covariance)))
        except np.linalg.LinAlgError:
            continue
    return np.diag(np.sqrt(np.maximum(np.diag(covariance), 0.0)))
