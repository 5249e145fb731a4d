"""A model of how much a trial's score changes until its next perturbation.

A Gaussian process of Ax over (time, score before, hyperparameters), as PB2's (Parker-Holder et al.
2020, arXiv:2002.02518), but over the whole space: choices, integers and parameters that exist
under a condition too. A suggestion maximises an upper confidence bound at the donor's time and
score, in a trust region around the donor's values that grows with successes and shrinks without
(Wan et al. 2022, arXiv:2207.09405). Expected improvement would not do: the best change of all is
that of a trial's first steps, and nothing later can improve on it.

Like `AxModel`, it is a function of the order of events.
"""

import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from ax.adapter.registry import Generators, MBM_X_trans, Y_trans
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.core.observation import ObservationFeatures
from ax.core.parameter import Parameter, RangeParameter
from ax.core.search_space import SearchSpace as AxSearchSpace
from ax.utils.common.random import with_rng_seed
from botorch.acquisition.analytic import UpperConfidenceBound
from ray import tune

from automl_on_ray.search_spaces import Config, Exploit, Interval
from automl_on_ray.searchers.ax.encoding import Encoding
from automl_on_ray.searchers.ax.explorer import ExplorationConfig
from automl_on_ray.searchers.ax.internals import experiment_of
from automl_on_ray.searchers.ax.trust_region import around, drawn

TIME, BEFORE = "(time)", "(score before)"  # no keys of a space
BETA = 1.0  # of the variance: PB2's own grows with time, for a guarantee in the limit
MIN_INTERVALS = 4  # with fewer there is nothing to model
MAX_INTERVALS = 200  # that the model sees, the latest
# Of the trust region, as a part of a parameter's range, at first and later.
LENGTH, MIN_LENGTH, MAX_LENGTH = 0.4, 0.1, 1.0
GROWTH = 1.5
MAX_SPREADS = 3.0  # spreads from the median: changes further off count as so many
SUCCESS_QUANTILE = 2 / 3  # a success changes more than so many others did at about that time
RESTARTS, RAW_SAMPLES = 4, 256

Scale: TypeAlias = tuple[float, float]
Codes: TypeAlias = dict[str, int | float]


@dataclass(frozen=True)
class Suggestion:
    """`change` is what the model expects of it, if there was a model."""

    exploit: Exploit
    config: Config
    change: float | None


class ChangeModel:
    """Suggests configs for exploits; `tell` is its only event."""

    def __init__(self, exploration: ExplorationConfig) -> None:
        self._exploration = exploration
        flat = exploration.space.flat
        self._whole = replace(
            flat,
            training={
                **flat.training,
                TIME: tune.uniform(0.0, 1.0),
                BEFORE: tune.uniform(0.0, 1.0),
            },
            constraints=(),
        )
        self._encoding = Encoding(self._whole)
        self._intervals: list[Interval] = []
        self._open: dict[str, Suggestion] = {}  # by trial, until it is told how it went
        self._count = 0
        self.length = LENGTH
        self.fallbacks = 0  # suggestions that Ax should have made, but could not

    def tell(self, interval: Interval) -> None:
        """An interval has ended. The first after a suggestion tells whether that was a success."""
        if interval.before is not None and self._open.pop(interval.trial, None) is not None:
            around = [
                i
                for i in self._intervals
                if abs(i.end - interval.end) <= self._exploration.interval
            ]
            others = [change for i in around if np.isfinite(change := _change(i))]
            if len(others) >= MIN_INTERVALS:
                good = _change(interval) > np.quantile(others, SUCCESS_QUANTILE)
                length = self.length * GROWTH if good else self.length / GROWTH
                self.length = min(max(length, MIN_LENGTH), MAX_LENGTH)
        self._intervals.append(interval)

    def suggest(self, exploit: Exploit) -> Config:
        """The config for `exploit.trial`: the donor's, with other values of what may change."""
        generator = np.random.default_rng([self._exploration.seed, self._count])
        self._count += 1
        region = self._region(exploit, generator)
        config = change = None
        if len(self._rows()) >= MIN_INTERVALS:
            try:
                config, change = self._generated(exploit, region)
            except Exception as error:  # whatever Ax meets, the study must go on
                self.fallbacks += 1
                print(f"Ax did not explore ({error!r}); a random point instead.", file=sys.stderr)
        if config is None:
            config = self._decoded(exploit, {n: drawn(p, generator) for n, p in region.items()})
        self._open[exploit.trial] = Suggestion(exploit, config, change)
        return config

    def drop(self, trial: str) -> None:
        """What was suggested for a trial will not be tried."""
        self._open.pop(trial, None)

    # The trust region

    def _region(self, exploit: Exploit, generator: np.random.Generator) -> dict[str, Parameter]:
        """Ax's parameters that may change, with the values that they may have, by name.

        Of the choices without an order one, drawn, is free, and the others stay.
        """
        names = self._encoding.names()
        codes = self._encoding.encode(exploit.config)
        every = experiment_of(self._client()).search_space.parameters
        found: dict[str, Parameter] = {}
        choices: list[Parameter] = []
        for key in self._exploration.space.mutable:
            if key not in exploit.config or key not in names:
                continue
            parameter = every[names[key]]
            if isinstance(parameter, RangeParameter):
                found[names[key]] = around(parameter, codes[names[key]], self.length)
            else:
                choices.append(parameter)
        if choices:
            free = choices[int(generator.integers(len(choices)))]
            found[free.name] = free
        return found

    # Ax

    def _generated(self, exploit: Exploit, region: Mapping[str, Parameter]) -> tuple[Config, float]:
        client = self._client()
        scale = self._scale()
        for codes, change in [*self._seen(scale), *self._expected(exploit, scale)]:
            client.complete_trial(client.attach_trial(codes), raw_data={"change": change})
        experiment = experiment_of(client)
        space = AxSearchSpace(
            [region.get(n, p) for n, p in experiment.search_space.parameters.items()]
        )
        here = self._encoding.encode(self._at(exploit, exploit.config, scale))
        with warnings.catch_warnings(), with_rng_seed(self._exploration.seed + self._count):
            warnings.simplefilter("ignore")
            adapter = Generators.BOTORCH_MODULAR(
                experiment=experiment,
                data=experiment.lookup_data(),
                botorch_acqf_class=UpperConfidenceBound,
                botorch_acqf_options={"beta": BETA},
                transforms=[*MBM_X_trans, *Y_trans],
            )
            run = adapter.gen(
                n=1,
                search_space=space,
                fixed_features=ObservationFeatures(
                    {name: code for name, code in here.items() if name not in region}
                ),
                model_gen_options={
                    "optimizer_kwargs": {"num_restarts": RESTARTS, "raw_samples": RAW_SAMPLES}
                },
            )
        means, _ = run.model_predictions or ({}, {})
        return self._decoded(exploit, run.arms[0].parameters), float(means["change"][0])

    def _client(self) -> Client:
        client = Client(random_seed=int(self._exploration.seed + self._count) % 2**31)
        client.configure_experiment(
            parameters=[
                (ChoiceParameterConfig if "values" in keywords else RangeParameterConfig)(
                    **keywords
                )
                for keywords in self._encoding.parameters()
            ]
        )
        client.configure_optimization(objective="change")
        return client

    def _seen(self, scale: Scale) -> Iterator[tuple[Codes, float]]:
        """Intervals as Ax's parameters, and their changes."""
        for interval, change in self._rows():
            context = self._context(interval.start, interval.before, scale)
            yield self._encoding.encode({**interval.config, **context}), change

    def _expected(self, exploit: Exploit, scale: Scale) -> Iterator[tuple[Codes, float]]:
        """Suggestions under way, as if they had done what the model expects of them.

        Then it is less uncertain there, and no other trial is sent to the same place (Desautels et
        al. 2014, as in PB2).
        """
        for trial, other in self._open.items():
            if trial != exploit.trial and other.change is not None:
                yield (
                    self._encoding.encode(self._at(other.exploit, other.config, scale)),
                    other.change,
                )

    # Numbers

    def _rows(self) -> list[tuple[Interval, float]]:
        """The latest intervals, each with how its change compares to others of about its time.

        In units of their spread around their median: what early changes of a score are to late
        ones says nothing of hyperparameters. A trial that diverged is as bad as can be.
        """
        known = [(i, change) for i in self._intervals if not np.isnan(change := _change(i))][
            -MAX_INTERVALS:
        ]
        ends = np.array([i.end for i, _ in known])
        changes = np.array([change for _, change in known])
        found = []
        for interval, change in known:
            distance = np.abs(ends - interval.end)
            reach = max(self._exploration.interval, *np.sort(distance)[: 2 * MIN_INTERVALS])
            others = changes[(distance <= reach) & np.isfinite(changes)]
            if len(others):
                low, middle, high = np.quantile(others, [0.25, 0.5, 0.75])
                spread = max((high - low) / 1.35, 1e-9)  # 1.35: of a normal distribution
                found.append(
                    (
                        interval,
                        float(np.clip((change - middle) / spread, -MAX_SPREADS, MAX_SPREADS)),
                    )
                )
        return found

    def _scale(self) -> Scale:
        """The range of scores: those of trials that diverged, and of the first steps, left out."""
        scores = [
            i.before for i, _ in self._rows() if i.before is not None and np.isfinite(i.before)
        ]
        low, high = np.quantile(scores, [0.05, 1.0])
        return float(low), float(max(high, low + 1e-12))

    def _at(self, exploit: Exploit, config: Config, scale: Scale) -> Config:
        return {**config, **self._context(exploit.time, exploit.score, scale)}

    def _context(self, time: int, score: float | None, scale: Scale) -> Config:
        low, high = scale
        before = 0.0 if score is None or not np.isfinite(score) else (score - low) / (high - low)
        return {
            TIME: min(max(time / self._exploration.max_t, 0.0), 1.0),
            BEFORE: min(max(before, 0.0), 1.0),
        }

    def _decoded(self, exploit: Exploit, codes: Mapping[str, Any]) -> Config:
        """The donor's config with the values of `codes` for what may change in it."""
        config = self._encoding.decode({**self._encoding.encode(exploit.config), **codes})
        changed = {k: v for k, v in config.items() if k in self._exploration.space.mutable}
        return {**exploit.config, **{k: v for k, v in changed.items() if k in exploit.config}}


def _change(interval: Interval) -> float:
    """nan where there was no score before, -inf where there is none after."""
    return float("nan") if interval.before is None else interval.after - interval.before
