"""Bayesian optimisation by Ax: a Gaussian process, and an acquisition function of one's choice.

Suggestions are made ahead: with several slots, the next is begun the moment one is handed out, so
a slot that becomes free finds its config waiting; it has seen all results but the very last. With
one slot each suggestion waits for the result before it, as sequential optimisation wants.
"""

import queue
from dataclasses import replace
from typing import Any

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers._ask_tell import AskTellSearcher, OneOrSeveral, TrialOutcome
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers._unvisited_members import Exhausted
from automl_on_ray.searchers.ax import Encoding, RemoteModel, check_outcomes, metric_names
from automl_on_ray.searchers.choosing import SearcherCapabilities
from automl_on_ray.searchers.members import varying
from automl_on_ray.searchers.sobol import Opening

CAPABILITIES = SearcherCapabilities(
    learns_from_results=True,
    takes_known_results=True,
    takes_sources=True,
    takes_beliefs=True,
    takes_acquisition_function=True,
    takes_outcome_constraints=True,
    takes_parameter_constraints=True,
    first_configs=1,  # once results agree with the sources, its model proposes what is like it
)
FOR_ONE_OBJECTIVE = ("qlognei", "qlogei", "qnei", "ucb")  # acquisition functions
FOR_SEVERAL_OBJECTIVES = ("qlognehvi",)
MODEL = "automl_on_ray.searchers.ax.model:AxModel"
IDLE_WAIT_SECONDS = 5.0  # nobody is held up while nothing runs


def create(settings: SearcherSettings) -> "Bayesian":
    return Bayesian(settings)


class Bayesian(AskTellSearcher):
    """A Tune searcher on `ax.api.client.Client`, whose model runs in a process of its own.

    `lookahead` 0 or 1 overrides what the number of slots decides. UserError for a space,
    constraint or acquisition function that Ax cannot have.
    """

    def __init__(
        self,
        settings: SearcherSettings | None = None,
        *,
        lookahead: int | None = None,
        **plain: Any,
    ) -> None:
        self._lookahead = lookahead
        self.model: RemoteModel | None = None
        self._ready: list[Config] = []
        self._handed_out = 0
        self._exhausted = False
        super().__init__(settings, **plain)

    def start(self) -> None:
        assert self.settings is not None
        check(self.settings)
        flat = replace(self.settings, space=self.settings.space.flat)
        # Known results may be enough for a model.
        self.model = RemoteModel(MODEL, flat, None if flat.known else Opening(flat))
        for point in self._points:
            self._send("begin", point)

    @property
    def metrics(self) -> tuple[str, ...]:
        assert self.settings is not None
        return tuple(metric_names(self.settings))

    def ask(self) -> Config | None:
        self._collect(0.0)
        if not self._ready and not self._exhausted:
            self._request()
            self._collect(0.0 if self._live else IDLE_WAIT_SECONDS)
        if self._ready:
            config = self._ready.pop(0)
            self._handed_out += 1
            if self._ahead:
                self._request()
            return config
        if self._exhausted:
            raise Exhausted
        return None

    def tell(self, config: Config, outcome: TrialOutcome) -> None:
        self._send("tell", config, outcome)
        if not self._ahead and not self._live and not self._points:
            self._request()

    def refuse(self, config: Config) -> None:
        self._send("tell", config, TrialOutcome("failed"))
        self._handed_out -= 1

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        super().on_trial_result(trial_id, result)
        if self.model is not None:
            self.model.wake()  # the first trial is at work: there is time to import Ax

    def set_search_properties(
        self, metric: OneOrSeveral, mode: OneOrSeveral, config: dict[str, Any], **spec: Any
    ) -> bool:
        """Tune calls it before it starts a trial. UserError if the Ax that is here does not do."""
        accepted = super().set_search_properties(metric, mode, config, **spec)
        self.get_ready()
        return accepted

    def get_ready(self) -> None:
        """Wait until there is a model, or an opening. UserError if the Ax here does not do."""
        if self.model is not None:
            self.model.get_ready()

    def set_state(self, state: dict[str, Any]) -> None:
        self.close()
        super().set_state(state)

    def close(self) -> None:
        """End the model's process; it would end with this one anyhow."""
        if self.model is not None:
            self.model.close()

    @property
    def thinking(self) -> bool:
        """Whether a suggestion is being made."""
        return self.model is not None and self.model.waiting > 0

    @property
    def _ahead(self) -> int:
        return self._lookahead if self._lookahead is not None else int(self._limit != 1)

    def _request(self) -> None:
        """Have one suggestion made, unless one is under way or all samples have theirs."""
        assert self.settings is not None
        assert self.model is not None
        waiting = self.model.waiting
        made = self._handed_out + len(self._ready) + waiting + len(self.settings.points)
        enough = self.settings.samples is not None and made >= self.settings.samples
        if not waiting and not self._ready and not enough:
            self._send("suggest")

    def _send(self, method: str, *arguments: Any) -> None:
        assert self.model is not None
        self.model.send(method, *arguments)

    def _collect(self, timeout: float) -> None:
        """Take the suggestion under way, if it is ready within `timeout` seconds."""
        assert self.model is not None
        assert self.settings is not None
        if not self.model.waiting:
            return
        try:
            config = self.model.receive(timeout)
        except queue.Empty:
            return
        self.trust = self.model.trust
        if config is None:
            self._exhausted = True
        else:
            self._ready.append(config)


def check(settings: SearcherSettings) -> None:
    """UserError for what the bayesian searcher cannot do, without importing Ax."""
    encoding = Encoding(settings.space)
    trials = [*settings.known, *(trial for source in settings.sources for trial in source.trials)]
    for config in (*settings.points, *(trial.config for trial in trials)):
        encoding.encode(varying(settings.space, config))
    check_outcomes(settings)
    several = len(settings.objectives) > 1
    fit = FOR_SEVERAL_OBJECTIVES if several else FOR_ONE_OBJECTIVE
    acquisition = settings.acquisition
    if acquisition is None or acquisition in fit:
        if settings.beta is not None and acquisition != "ucb":
            raise UserError("beta belongs to --acquisition ucb alone.")
        if settings.beta is not None and settings.beta < 0:
            raise UserError(f"beta must not be negative, but is {settings.beta}.")
        if settings.beliefs and acquisition == "ucb":
            raise UserError(
                f'The belief "{settings.beliefs[0]}" weighs an improvement, and --acquisition ucb '
                "is none; leave one of them out."
            )
        return
    every = FOR_ONE_OBJECTIVE + FOR_SEVERAL_OBJECTIVES
    if acquisition not in every:
        raise UserError(
            f"Unknown acquisition function {acquisition!r}; there are {', '.join(every)}."
        )
    raise UserError(
        f"Acquisition function {acquisition!r} is for {'one' if several else 'several'} "
        f"objective{'' if several else 's'}, but the study has {len(settings.objectives)}; "
        f"use {', '.join(fit)}."
    )
