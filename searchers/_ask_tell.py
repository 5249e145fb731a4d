"""Tune's bookkeeping, done once for all searchers: ids, states, save and restore.

What a searcher holds of a trial, by what Tune called last:

    suggest(id)                              live, with its config
    on_trial_result(id, result)              live, with the values seen at each step
    on_trial_complete(id, result)            told: completed, or early_stopped before max_t
    on_trial_complete(id)                    told with its last values, as when HyperBand stops it
    on_trial_complete(id, error=True)        told: failed; so is one whose last values are NaN or
                                             infinite, and one that never reported a metric
    on_trial_...(result of another config)   as if there were none: PBT gave the trial that one
    on_trial_...(id never suggested)         taken for the live trial with the same config, if any
"""

import math
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import cloudpickle
from ray.tune.search import Searcher
from ray.tune.utils.util import flatten_dict, unflatten_dict

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._numbers import as_number
from automl_on_ray.search_spaces._objective import Objective
from automl_on_ray.search_spaces._space import Config, SearchSpace
from automl_on_ray.searchers._constraints import parse_constraints
from automl_on_ray.searchers._domains import key_of, members, varying
from automl_on_ray.searchers._settings import Settings

Verdict = Literal["completed", "early_stopped", "failed", "unknown"]


class Exhausted(Exception):  # noqa: N818 - it is no error
    """Every member of the space has been handed out."""


@dataclass(frozen=True)
class Outcome:
    """How a trial ended; `curve` maps steps to metrics, in order, all finite.

    A report may lack a metric: then its last value counts on.
    """

    verdict: Verdict
    curve: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    @property
    def last(self) -> Mapping[str, float]:
        return self.curve[max(self.curve)] if self.curve else {}


@dataclass
class Reports:
    """What a live trial has reported: the `last` number of each metric, the last step, a curve."""

    step: int | None = None
    last: dict[str, float] = field(default_factory=dict)
    curve: dict[int, dict[str, float]] = field(default_factory=dict)

    def add(self, step: int, result: Mapping[str, Any], metrics: Sequence[str]) -> None:
        """One report; a step of the curve if it has a metric, all are known and all are finite."""
        found = {name: as_number(result.get(name)) for name in metrics}
        new = {name: value for name, value in found.items() if value is not None}
        self.step = step
        self.last |= new
        if new and all(math.isfinite(self.last.get(name, math.nan)) for name in metrics):
            self.curve[step] = {name: self.last[name] for name in metrics}

    def outcome(self, max_t: int, *, by_itself: bool) -> Outcome:
        """Of a trial that did not fail; `by_itself`: it told how it ended."""
        if not all(map(math.isfinite, self.last.values())):
            return Outcome("failed", self.curve)
        if not self.curve:
            return Outcome("failed" if by_itself else "unknown")
        last = max(self.curve)
        end = max(last, self.step or 0)  # its value there is the one reported last
        curve = {**self.curve, end: self.curve[last]}
        return Outcome("completed" if end >= max_t else "early_stopped", curve)


class AskTellSearcher(Searcher):
    """An algorithm is `ask` and `tell`; this is all that Tune wants besides.

    With `settings` the space may have conditions and constraints; a plain `tune.Tuner` gives its
    `param_space` instead, nested or flat ("opt/lr"), and `metric` and `mode`; and `max_t`, the last
    step of a trial, where a scheduler stops trials before it: what ends earlier has no final value.
    UserError for a `grid_search` in it.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        metric: str | None = None,
        mode: Literal["max", "min"] | None = None,
        seed: int = 0,
        max_t: int = 1,
    ) -> None:
        first = settings.objectives[0] if settings else None
        super().__init__(first.metric if first else metric, first.mode if first else mode)
        self._seed, self._max_t = seed, max_t
        self._limit: int | None = None
        self._nested = False
        self._live: dict[str, Config] = {}
        self._reports: dict[str, Reports] = {}
        self._aliases: dict[str, str] = {}
        self.settings = settings
        if settings is not None:
            self._begin(settings)

    # The algorithm

    def start(self) -> None:
        """Set up once `self.settings` is there."""

    def ask(self) -> Config | None:
        """The next config without constants; None if none is ready. Raises Exhausted."""
        raise NotImplementedError

    def tell(self, config: Config, outcome: Outcome) -> None:
        """A trial that was handed out has ended."""

    # Tune's side

    def set_search_properties(
        self, metric: str | None, mode: str | None, config: dict[str, Any], **spec: Any
    ) -> bool:
        if self.settings is not None:
            return True
        self._metric, self._mode = metric or self._metric, mode or self._mode
        if not self._metric or self._mode not in ("max", "min"):
            return False
        flat = flatten_dict(config, prevent_delimiter=True)
        grids = [key for key in flat if key.endswith("/grid_search")]
        if grids:
            raise UserError(
                f"grid_search of {grids[0].removesuffix('/grid_search')!r} leaves a searcher "
                "nothing to choose; use tune.choice."
            )
        self._nested = any(isinstance(value, dict) for value in config.values())
        space = SearchSpace("param_space", training=flat)
        goal = Objective(self._metric, "max" if self._mode == "max" else "min")
        self._begin(Settings(space, (goal,), self._seed, self._max_t))
        return True

    def set_max_concurrency(self, max_concurrent: int) -> bool:
        self._limit = max_concurrent
        return True

    def suggest(self, trial_id: str) -> Any:
        if self._limit is not None and len(self._live) >= self._limit:
            return None
        try:
            config = self._points.pop(0) if self._points else self.ask()
        except Exhausted:
            return Searcher.FINISHED
        if config is None:
            return None
        self._live[trial_id] = config
        return unflatten_dict(config) if self._nested else dict(config)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        known = self._known_id(trial_id, result)
        if known is not None and self._is_own(known, result):
            self._note(known, result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        known = self._known_id(trial_id, result)
        if known is None:
            return
        own = result is not None and self._is_own(known, result)
        if result is not None and own:
            self._note(known, result)
        config, reports = self._live.pop(known), self._reports.pop(known, Reports())
        self._aliases = {new: old for new, old in self._aliases.items() if old != known}
        assert self.settings is not None
        self.tell(
            config,
            Outcome("failed", reports.curve) if error
            else reports.outcome(self.settings.max_t, by_itself=own),
        )  # fmt: skip

    def save(self, checkpoint_path: str) -> None:
        with open(checkpoint_path, "wb") as file:
            cloudpickle.dump(self.get_state(), file)

    def restore(self, checkpoint_path: str) -> None:
        with open(checkpoint_path, "rb") as file:
            self.set_state(pickle.load(file))

    def get_state(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def set_state(self, state: dict[str, Any]) -> None:
        limit, settings = self._limit, self.settings
        self.__dict__.update(state)
        if settings is not None and self.settings is not None:  # a study may be continued longer
            self.settings = replace(self.settings, samples=settings.samples)
        self._limit = limit if limit is not None else self._limit

    # What the two sides share

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics that the algorithm is told."""
        assert self.settings is not None
        return tuple(objective.metric for objective in self.settings.objectives)

    @property
    def in_flight(self) -> list[Config]:
        return list(self._live.values())

    def _begin(self, settings: Settings) -> None:
        self.settings = settings
        space = settings.space
        self._points = [varying(space, dict(point)) for point in settings.points]
        self.start()

    def _note(self, trial_id: str, result: dict[str, Any]) -> None:
        assert self.settings is not None
        step = int(result.get(self.settings.time_attr, 0))
        self._reports.setdefault(trial_id, Reports()).add(step, result, self.metrics)

    def _is_own(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Whether the trial still has the config that was suggested, and not one that PBT gave it.

        Results of the latter say nothing of the former.
        """
        config = self._live[trial_id]
        now = {key: result.get(f"config/{key}", value) for key, value in config.items()}
        return key_of(now) == key_of(config)

    def _known_id(self, trial_id: str, result: dict[str, Any] | None) -> str | None:
        """The live trial that Tune speaks of: restarted trials come back under new ids."""
        if trial_id in self._live:
            return trial_id
        if trial_id in self._aliases:
            return self._aliases[trial_id]
        if result is None:
            return None
        given = {k.removeprefix("config/"): v for k, v in result.items() if k.startswith("config/")}
        assert self.settings is not None
        key = key_of({k: v for k, v in given.items() if k in self.settings.space.domains})
        taken = set(self._aliases.values())
        for live, config in self._live.items():
            if live not in taken and key_of(config) == key:
                self._aliases[trial_id] = live
                return live
        return None


class Remaining:
    """The members of a finite space that were not yet handed out; of no use in an infinite one."""

    def __init__(self, space: SearchSpace, done: list[Config]) -> None:
        every = members(space)
        rules = parse_constraints(space)
        self.left: dict[str, Config] | None = None
        if every is not None:
            allowed = (config for config in every if all(rule.holds(config) for rule in rules))
            self.left = {key_of(config): config for config in allowed}
        for config in done:
            self.take(config)

    def take(self, config: Config) -> bool:
        """Whether `config` was still to be had; it is not any longer. Always so if infinite."""
        return self.left is None or self.left.pop(key_of(config), None) is not None

    def check(self) -> None:
        """Raises Exhausted if nothing is left."""
        if self.left is not None and not self.left:
            raise Exhausted
