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
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import cloudpickle
from ray.tune.search import Searcher
from ray.tune.search.sample import Categorical

from automl_on_ray.search_spaces import Config, SearchSpace, contains
from automl_on_ray.search_spaces.core import (
    ENDED_BY_ITSELF,
    INFEASIBLE,
    Objective,
    UserError,
    as_number,
)
from automl_on_ray.searchers._constraints import check_meets_constraints, check_satisfiable
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers._unvisited_members import Exhausted
from automl_on_ray.searchers.members import key_of, varying

OneOrSeveral: TypeAlias = str | list[str] | None
MAX_REFUSED = 50  # configs in a row; Tune's loop waits meanwhile

Verdict = Literal["completed", "early_stopped", "failed", "unknown"]


@dataclass(frozen=True)
class TrialOutcome:
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

    def outcome(self, max_t: int, *, by_itself: bool, whole: bool = False) -> TrialOutcome:
        """Of a trial that did not fail; `by_itself`: it told how it ended.

        `whole`: nobody cut it, though it may have ended before `max_t`.
        """
        if not all(map(math.isfinite, self.last.values())):
            return TrialOutcome("failed", self.curve)
        if not self.curve:
            return TrialOutcome("failed" if by_itself else "unknown")
        last = max(self.curve)
        end = max(last, self.step or 0)  # its value there is the one reported last
        curve = {**self.curve, end: self.curve[last]}
        return TrialOutcome("completed" if whole or end >= max_t else "early_stopped", curve)


class AskTellSearcher(Searcher):
    """An algorithm is `ask` and `tell`; this is all that Tune wants besides.

    With `settings` the space may have conditions and constraints, and suggestions are plain, as the
    space has them. A plain `tune.Tuner` gives its `param_space` instead, nested or flat ("opt/lr"),
    and is given suggestions in that form; and `metric` and `mode`, or lists of them; and `max_t`,
    the last step of a trial, where a scheduler stops trials before it: what ends earlier has no
    final value. UserError for a `grid_search` in it, nothing in it, or no metric.
    """

    def __init__(
        self,
        settings: SearcherSettings | None = None,
        *,
        metric: OneOrSeveral = None,
        mode: OneOrSeveral = None,
        seed: int = 0,
        max_t: int = 1,
    ) -> None:
        first = settings.objectives[0] if settings else None
        words: Any = (first.metric, first.mode) if first else (metric, mode)
        if metric is not None and mode is not None:
            _objectives(metric, mode)
        super().__init__(*words)
        self._seed, self._max_t = seed, max_t
        self._limit: int | None = None
        self._plain_tuner = False
        self._live: dict[str, Config] = {}
        self._reports: dict[str, Reports] = {}
        self._aliases: dict[str, str] = {}
        self.trust: dict[str, float] = {}  # how far each source is believed, 0 to 1, by its name
        self.settings = settings
        if settings is not None:
            self._begin(settings)

    # The algorithm

    def start(self) -> None:
        """Set up once `self.settings` is there."""

    def ask(self) -> Config | None:
        """The next config without constants; None if none is ready. Raises Exhausted."""
        raise NotImplementedError

    def tell(self, config: Config, outcome: TrialOutcome) -> None:
        """A trial that was handed out has ended."""

    def refuse(self, config: Config) -> None:
        """A config that `ask` gave is beyond a limit: no trial was begun, and another is asked."""

    # Tune's side

    def set_search_properties(
        self, metric: OneOrSeveral, mode: OneOrSeveral, config: dict[str, Any], **spec: Any
    ) -> bool:
        if self.settings is not None:
            return True
        words: Any = metric or self._metric, mode or self._mode
        self._metric, self._mode = words
        space = SearchSpace("param_space", training=config)
        self._plain_tuner = True
        self._begin(SearcherSettings(space, _objectives(*words), self._seed, self._max_t))
        return True

    def set_max_concurrency(self, max_concurrent: int) -> bool:
        """Whether the limit is kept here; a limiter that tells results in batches keeps its own.

        Only the caller knows which of the two it is: Ray passes nothing else.
        """
        self._limit = max_concurrent
        return not getattr(sys._getframe(1).f_locals.get("self"), "batch", False)

    def suggest(self, trial_id: str) -> Any:
        if self._limit is not None and len(self._live) >= self._limit:
            return None
        try:
            config = self._within_limits()
        except Exhausted:
            return Searcher.FINISHED
        if config is None:
            return None
        self._live[trial_id] = config
        return self._for_plain_tuner(config) if self._plain_tuner else dict(config)

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
            TrialOutcome("failed", reports.curve) if error or INFEASIBLE in (result or {})
            else reports.outcome(
                self.settings.max_t, by_itself=own, whole=ENDED_BY_ITSELF in (result or {})
            ),
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

    def _begin(self, settings: SearcherSettings) -> None:
        self.settings = settings
        space = settings.space
        if not space.domains:
            raise UserError(f"Space {space.name!r} leaves nothing to choose.")
        check_satisfiable(space)
        check_meets_constraints(settings)
        self._points = [varying(space, dict(point)) for point in settings.points]
        self.start()

    def _within_limits(self) -> Config | None:
        """The next config that meets them; after so many that do not, one whose trial finds out."""
        assert self.settings is not None
        meets = self.settings.meets
        for left in reversed(range(MAX_REFUSED)):
            config = self._points.pop(0) if self._points else self.ask()
            if config is None or meets is None or meets(config) or not left:
                return config
            self.refuse(config)
        raise AssertionError("the last one is taken as it is")

    def _note(self, trial_id: str, result: dict[str, Any]) -> None:
        assert self.settings is not None
        # Ray's Repeater tells means of whole trials, and no more.
        step = int(result.get(self.settings.time_attr, self.settings.max_t))
        self._reports.setdefault(trial_id, Reports()).add(step, result, self.metrics)

    def _for_plain_tuner(self, config: Config) -> Config:
        """As its `param_space` has it; what does not vary there is Tune's to merge."""
        assert self.settings is not None
        space = self.settings.space
        given = space.as_declared({**space.constants, **config})
        varied = {name.partition("/")[0] for name in space.domains}
        return {key: value for key, value in given.items() if key in varied or key in config}

    def _is_own(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Whether the trial still has the config that was suggested, and not one that PBT gave it.

        Results of the latter say nothing of the former.
        """
        config = self._live[trial_id]
        now = {**config, **{k: v for k, v in self._config_in(result).items() if k in config}}
        return key_of(now) == key_of(config)

    def _config_in(self, result: dict[str, Any]) -> Config:
        """What varies of the config in a result, which is flat there; plain.

        Without options that the space does not know: a plain Tuner puts others in objects' place.
        """
        assert self.settings is not None
        space = self.settings.space
        given = {k.removeprefix("config/"): v for k, v in result.items() if k.startswith("config/")}
        domains = space.domains
        plain = space.plain(given)
        return {
            key: value
            for key, value in plain.items()
            if key in domains
            and not (isinstance(domains[key], Categorical) and not contains(domains[key], value))
        }

    def _known_id(self, trial_id: str, result: dict[str, Any] | None) -> str | None:
        """The live trial that Tune speaks of: restarted trials come back under new ids."""
        if trial_id in self._live:
            return trial_id
        if trial_id in self._aliases:
            return self._aliases[trial_id]
        if result is None:
            return None
        given = self._config_in(result)
        taken = set(self._aliases.values()) if given else set(self._live)
        for live, config in self._live.items():
            same = key_of({k: v for k, v in config.items() if k in given}) == key_of(given)
            if live not in taken and same:
                self._aliases[trial_id] = live
                return live
        return None


def _objectives(metric: OneOrSeveral, mode: OneOrSeveral) -> tuple[Objective, ...]:
    """UserError if a metric or a mode is missing, or is unknown."""
    metrics, modes = ([one] if isinstance(one, str) else list(one or []) for one in (metric, mode))
    if not metrics or len(metrics) != len(modes) or set(modes) - {"max", "min"}:
        raise UserError(
            f"A searcher needs metric and mode ('max' or 'min'), not {metric!r} and {mode!r}; "
            "give them to it or to tune.TuneConfig, as two lists for several."
        )
    return tuple(
        Objective(name, "max" if how == "max" else "min")
        for name, how in zip(metrics, modes, strict=True)
    )
