"""Ax's model of a study: takes starts and results of trials in order, and suggests configs.

It knows neither clock nor threads. The same events give the same suggestions, in any process,
before and after a pickle. Trials before the model's first suggestion are a Sobol design of ours, so
that any number of slots can begin at once.
"""

import logging
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from ax.adapter.registry import Generators, MBM_X_trans, Y_trans
from ax.adapter.transforms.add_execution_viability import AddExecutionViability
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.core.data_utils import DataLoaderConfig
from ax.generation_strategy.generation_strategy import GenerationNode, GenerationStrategy
from ax.generation_strategy.generator_spec import GeneratorSpec
from ax.generators.torch.botorch_modular.surrogate import ModelConfig, SurrogateSpec
from ax.utils.common.logger import set_ax_logger_levels
from botorch.acquisition.logei import qLogExpectedImprovement
from botorch.acquisition.monte_carlo import qNoisyExpectedImprovement, qUpperConfidenceBound
from threadpoolctl import threadpool_limits

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.beliefs import weight_after
from automl_on_ray.searchers._ask_tell import TrialOutcome
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers.ax.believing import BelievedAcquisition, Weighting
from automl_on_ray.searchers.ax.encoding import Encoding
from automl_on_ray.searchers.ax.internals import (
    forget_strategy,
    forget_trial,
    seed_next,
)
from automl_on_ray.searchers.ax.local_model import LocalModel
from automl_on_ray.searchers.ax.outcomes import ax_objective, ax_outcome_constraints, metric_names
from automl_on_ray.searchers.ax.step_effect import StepEffect
from automl_on_ray.searchers.ax.transfer import (
    SourceFeatures,
    Sources,
    Task,
    Transfer,
    TransferGP,
    beside,
)
from automl_on_ray.searchers.ax.warm_gp import LastFit, WarmGP, going_on_from
from automl_on_ray.searchers.members import key_of
from automl_on_ray.searchers.sobol import MIN_BEGUN_TRIALS, Opening, too_early

ACQUISITIONS = {
    "qlogei": qLogExpectedImprovement,
    "qnei": qNoisyExpectedImprovement,
    "ucb": qUpperConfidenceBound,
}
NOT_LOGARITHMS = ("qnei",)
DEFAULT_BETA = 4.0
MAX_CURVE_STEPS = 3  # of a learning curve that the model sees
RESTARTS, RAW_SAMPLES = 20, 1024  # with fewer, a better branch of a conditional space is missed
MAX_TRIES = 5  # for a suggestion that was not handed out before
LARGE = 200  # trials; with more, what is near the best is modelled alone, which costs no more


class AxModel:
    """Suggests configs for a study; `begin` and `tell` are its events."""

    def __init__(self, settings: SearcherSettings) -> None:
        self._settings = settings
        self.encoding = Encoding(settings.space)
        self._names = metric_names(settings)
        self._client = Client(random_seed=settings.seed)
        quiet()
        self._client.configure_experiment(
            parameters=[
                (ChoiceParameterConfig if "values" in keywords else RangeParameterConfig)(
                    **keywords
                )
                for keywords in self.encoding.parameters()
            ],
            parameter_constraints=self.encoding.constraints(),
        )
        self._client.configure_optimization(
            objective=ax_objective(settings),
            outcome_constraints=ax_outcome_constraints(settings),
        )
        self._client.configure_tracking_metrics(["execution_viable"])
        self._design = Opening(settings).design
        self._open: dict[str, list[int | None]] = {}  # numbers of Ax's trials, by config
        self._begun = self._finished = self._generations = 0
        self.fallbacks = 0  # suggestions that Ax should have made, but could not
        self._early = False
        self._fit = LastFit()
        self._sources = Sources(settings, self.encoding) if settings.sources else None
        self._transfer = Transfer()
        self._local = LocalModel(settings) if _is_plain(settings) else None
        known = [
            (trial.config, {step: m for step, m in trial.curve.items() if step <= settings.max_t})
            for trial in settings.known
        ]
        known = [(config, curve) for config, curve in known if curve]
        self._many_known = len(known) >= LARGE
        for config, curve in known:
            self.begin(config)
            whole = max(curve) == settings.max_t
            self.tell(config, TrialOutcome("completed" if whole else "early_stopped", curve))

    def suggest(self) -> Config:
        """The next config, taken as begun. Raises Exhausted at the end of a finite space."""
        self._design.unvisited.check()
        tasks = self._shown()
        early = too_early(self._begun, self._finished, beside=bool(tasks))
        config = None if early else self._modelled(tasks)
        config = config or self._design.next()
        self.begin(config)
        return config

    def _shown(self) -> list[Task]:
        """The sources that the model sees: none for every second of the first trials.

        These are a cold start's, and judge the sources.
        """
        judging = self._begun < MIN_BEGUN_TRIALS and self._begun % 2
        if self._sources is None or judging:
            return []
        return self._sources.chosen()

    def _modelled(self, tasks: list[Task]) -> Config | None:
        """The config that a model proposes; None where it has none that is new."""
        for _ in range(MAX_TRIES):
            try:
                config = self._nearby() if self._is_large else self._generated(tasks)
            except Exception as error:  # whatever Ax meets, the study must go on
                self.fallbacks += 1
                print(f"Ax made no suggestion ({error!r}); a Sobol point instead.", file=sys.stderr)
                return None
            if self._design.unvisited.take(config):
                return config
        return None

    @property
    def _is_large(self) -> bool:
        """Whether there are too many trials for a model of all, which Ax is then told no more."""
        return self._local is not None and (self._many_known or len(self._local) >= LARGE)

    def _nearby(self) -> Config:
        assert self._local is not None
        return self._local.suggest(self._design.unvisited.left, self._open)

    @property
    def trust(self) -> dict[str, float]:
        """How far each source is believed now, 0 to 1, by its name, once results have judged it.

        It is the correlation of its results with today's that the model learned; 0 where they
        order today's so badly that the model was not shown them when it last could have been.
        """
        goal = self._names[self._settings.objectives[0].metric]
        unlike = self._sources.unlike if self._sources is not None else []
        return {**self._transfer.trust.get(goal, {}), **dict.fromkeys(unlike, 0.0)}

    def begin(self, config: Config) -> None:
        """A trial of `config` runs, whoever suggested it; results known beforehand count too."""
        self._design.unvisited.take(config)
        index = None
        if not self._is_large:
            index = self._client.attach_trial(parameters=self.encoding.encode(config))
        self._open.setdefault(key_of(config), []).append(index)
        self._begun += 1

    def tell(self, config: Config, outcome: TrialOutcome) -> None:
        """A trial of `config` has ended; nothing happens if none is open."""
        key = key_of(config)
        if key not in self._open:
            return
        index = self._open[key].pop(0)
        if not self._open[key]:
            del self._open[key]
        if self._local is not None and (outcome.verdict == "failed" or outcome.curve):
            self._local.tell(config, outcome, len(self._open))
        self._finished += bool(outcome.curve) and outcome.verdict != "failed"
        if index is not None:
            self._tell_ax(index, config, outcome)

    def _tell_ax(self, index: int, config: Config, outcome: TrialOutcome) -> None:
        if outcome.verdict == "failed":
            # FAILED would be proposed again; abandoned trials teach the model where trials crash.
            self._client.mark_trial_abandoned(index)
            return
        if not outcome.curve:
            self._client.mark_trial_failed(index, failed_reason="ended without a result")
            return
        for step in _steps(sorted(outcome.curve)):
            self._client.attach_data(
                index, raw_data=self._raw(outcome.curve[step]), progression=step
            )
        if self._sources is not None:
            self._sources.tell(config, outcome)
        if outcome.verdict == "completed":
            self._client.complete_trial(index)
        else:
            self._early = True
            self._client.mark_trial_early_stopped(index)

    def _raw(self, metrics: Mapping[str, float]) -> dict[str, float]:
        return {self._names[name]: value for name, value in metrics.items() if name in self._names}

    def _generated(self, tasks: list[Task]) -> Config:
        """The model's next config."""
        parameters = self._generate(tasks)
        forget_strategy(self._client)
        return self.encoding.decode(parameters)

    def _generate(self, tasks: list[Task]) -> dict[str, Any]:
        """Ax's next parameters, without Ax's own trial of them: it may differ where inactive."""
        # A strategy of its own for each suggestion: nothing but the trials decides.
        # With one seed for all, as Ax has it, each search would begin from the same points.
        seeds = np.random.SeedSequence([self._settings.seed, self._generations])
        seed_next(self._client, seeds)
        self._generations += 1
        multi_task = list(self._names.values()) if tasks else []
        self._client.set_generation_strategy(
            _strategy(self._settings, self._weighting(), curves=self._early, multi_task=multi_task)
        )
        with warnings.catch_warnings(), going_on_from(self._fit), beside(self._transfer, tasks):
            warnings.simplefilter("ignore")
            ((index, parameters),) = self._client.get_next_trials(max_trials=1).items()
        forget_trial(self._client, index)
        return dict(parameters)

    def _weighting(self) -> Weighting:
        return Weighting(
            self._settings.space,
            self.encoding,
            self._settings.beliefs,
            power=weight_after(self._finished),
            log=self._settings.acquisition not in NOT_LOGARITHMS,
        )


def _strategy(
    settings: SearcherSettings, weighting: Weighting, *, curves: bool, multi_task: list[str]
) -> GenerationStrategy:
    """One node: a Gaussian process and the acquisition function that was chosen.

    With `curves` the process models values over steps too, so that what a trial had when it was
    stopped early counts as that, not as its final value. The metrics `multi_task` are modelled
    beside those of the sources.
    """
    chosen: dict[str, Any] = {}
    if settings.acquisition in ACQUISITIONS:
        chosen["botorch_acqf_class"] = ACQUISITIONS[settings.acquisition]
    if settings.acquisition == "ucb":
        beta = settings.beta if settings.beta is not None else DEFAULT_BETA
        chosen["botorch_acqf_options"] = {"beta": beta}
    if weighting.beliefs:
        chosen["acquisition_class"] = BelievedAcquisition
        chosen["acquisition_options"] = {"weighting": weighting}
    if curves:
        chosen["data_loader_config"] = DataLoaderConfig(
            latest_rows_per_group=None, limit_rows_per_group=MAX_CURVE_STEPS
        )
    spec = GeneratorSpec(
        Generators.BOTORCH_MODULAR,
        generator_kwargs={
            "surrogate_spec": SurrogateSpec(
                model_configs=[ModelConfig(botorch_model_class=WarmGP, name="warm GP")],
                metric_to_model_configs={
                    name: [ModelConfig(botorch_model_class=TransferGP, name="transfer GP")]
                    for name in multi_task
                },
            ),
            "transforms": [
                *([StepEffect] if curves else []),
                AddExecutionViability,
                *MBM_X_trans,
                *Y_trans,
                *([SourceFeatures] if multi_task else []),
            ],
            "transform_configs": {
                "AddExecutionViability": {"min_abandoned_trials": 2, "feasibility_threshold": 0.8}
            },
            **chosen,
        },
        generator_gen_kwargs={
            "model_gen_options": {
                "optimizer_kwargs": {"num_restarts": RESTARTS, "raw_samples": RAW_SAMPLES}
            }
        },
    )
    node = GenerationNode(name="MBM", generator_specs=[spec], should_deduplicate=False)
    return GenerationStrategy(name="GP", nodes=[node])


def _is_plain(settings: SearcherSettings) -> bool:
    """Whether a study may be continued by `LocalModel`: one goal, no word on how to seek it."""
    return (
        len(settings.objectives) == 1
        and not settings.outcome_constraints
        and settings.acquisition is None
    )


def _steps(steps: list[int]) -> list[int]:
    """The last step, and powers of three before it: rungs are where trials are compared."""
    powers = {3**k for k in range(12)}
    return [step for step in steps[:-1] if step in powers][-(MAX_CURVE_STEPS - 1) :] + steps[-1:]


def quiet() -> None:
    """Ax tells of each trial at INFO; and more threads than one make it slower, numpy's too."""
    set_ax_logger_levels(logging.ERROR)
    torch.set_num_threads(1)
    threadpool_limits(1)
