"""A Gaussian process of several tasks: today's study beside studies on other data.

It learns how far the results of each go together with today's, and so what each is worth (Swersky,
Snoek and Adams 2013). It is BoTorch's MultiTaskGP. Ax's own way to it (`BOTL`, an adapter) is not
used: its fit has no bound and a random start, and costs several times as much. Here the sources are
in the model alone, and no trials of Ax's. So whatever else there is of Ax, such as curves, crashes
and pending trials, works as without them.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from ax.adapter.data_utils import ExperimentData
from ax.adapter.transforms.base import Transform
from ax.core.observation import ObservationFeatures
from botorch.models import MultiTaskGP
from botorch.models.transforms.input import Normalize
from botorch.models.utils.gpytorch_modules import MIN_INFERRED_NOISE_LEVEL
from botorch.optim.fit import fit_gpytorch_mll_scipy
from gpytorch.constraints import GreaterThan
from linear_operator.utils.cholesky import psd_safe_cholesky
from linear_operator.utils.errors import NanError, NotPSDError
from torch import Tensor

from automl_on_ray.searchers.ax.transfer.sources import Task
from automl_on_ray.searchers.ax.transfer.task_kernel import TaskKernel

MAX_STEPS = {True: 40, False: 100}  # L-BFGS's, from the last fit or from nothing
OUTLYING = 3.0  # interquartile ranges beyond the quartiles


@dataclass
class Transfer:
    """What is kept between suggestions: the last fit of each metric, and the trust in each source.

    `tasks` and `rows`, (n, features) of each as Ax's model has them, are of the suggestion under
    way.
    """

    fits: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    trust: dict[str, dict[str, float]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    rows: list[Tensor] = field(default_factory=list)


_current = Transfer()


@contextmanager
def beside(transfer: Transfer, tasks: list[Task]) -> Iterator[None]:
    """Models inside are of today's trials beside `tasks`."""
    global _current
    names = [task.name for task in tasks]
    if tasks and names != transfer.names:
        transfer.names, transfer.fits, transfer.trust = names, {}, {}
    transfer.tasks, transfer.rows, _current = tasks, [], transfer
    try:
        yield
    finally:
        transfer.tasks, transfer.rows, _current = [], [], Transfer()


class SourceFeatures(Transform):
    """The last of Ax's transforms: has those before it do with the sources what they did today.

    It changes nothing itself.
    """

    def __init__(
        self,
        search_space: Any = None,
        experiment_data: ExperimentData | None = None,
        adapter: Any = None,
        config: Any = None,
    ) -> None:
        super().__init__(search_space, experiment_data, adapter, config)
        names = list(search_space.parameters)
        _current.rows = []
        for task in _current.tasks:
            features = [ObservationFeatures(dict(codes)) for codes in task.codes]
            for transform in adapter.transforms.values():
                features = transform.transform_observation_features(features)
            rows = [[one.parameters[name] for name in names] for one in features]
            _current.rows.append(torch.tensor(rows, dtype=torch.double))

    def transform_experiment_data(self, experiment_data: ExperimentData) -> ExperimentData:
        return experiment_data


class TransferGP(MultiTaskGP):
    """BoTorch's MultiTaskGP of today's trials (task 0) and the sources', as a model of today's.

    Sources are standardised each; what the study is told Ax has standardised. So it knows no other
    outcome transform, though Ax asks for the word.
    """

    _supports_cache_root = True  # with one output it is as any other

    def __init__(
        self,
        train_X: Tensor,  # noqa: N803 - BoTorch's names
        train_Y: Tensor,  # noqa: N803
        metric: str,
        input_transform: Any = None,
        outcome_transform: Any = None,
    ) -> None:
        self._metric = metric
        width = train_X.shape[-1]
        inputs = [_of_task(rows, number) for number, rows in enumerate([train_X, *_current.rows])]
        values = [_standardised(task.values[metric]) for task in _current.tasks]
        if input_transform is not None:  # of today's features, without the task
            indices = list(range(width))
            input_transform = Normalize(width + 1, indices, bounds=input_transform.bounds)
        super().__init__(
            torch.cat(inputs),
            torch.cat([train_Y, *values]),
            task_feature=width,
            output_tasks=[0],
            outcome_transform=None,
            input_transform=input_transform,
            validate_task_values=False,
        )
        over_inputs = self.covar_module.kernels[0]
        _search_logarithms(over_inputs, "raw_lengthscale", 0.025, over_inputs.lengthscale_prior)
        noise = self.likelihood.noise_covar
        _search_logarithms(noise, "raw_noise", MIN_INFERRED_NOISE_LEVEL, noise.noise_prior)
        self.covar_module = over_inputs * TaskKernel(len(inputs), active_dims=[width])
        self.to(train_X)

    @classmethod
    def construct_inputs(  # type: ignore[override]  # Ax gives no more
        cls, training_data: Any, **_: Any
    ) -> dict[str, Any]:
        """What Ax makes one from."""
        return {
            "train_X": training_data.X,
            "train_Y": training_data.Y,
            "metric": training_data.outcome_names[0],
        }

    @property
    def task_kernel(self) -> Any:
        return self.covar_module.kernels[1]

    @property
    def correlations(self) -> list[float]:
        """Of the sources' results with today's, 0 to 1."""
        return self.task_kernel.correlations[0, 1:].tolist()

    def custom_fit(self, mll: Any, **_: Any) -> Any:
        """`botorch.fit.fit_gpytorch_mll` leaves it to a model that has it."""
        start = self._hyperparameters()
        kept = _current.fits.get(self._metric, {})
        # Once a trial has been stopped early, the step is one more feature.
        same = {n: p.shape for n, p in kept.items()} == {n: p.shape for n, p in start.items()}
        attempts = [kept, start] if same else [start]
        if not any(self._fit_from(begin, mll, MAX_STEPS[begin is kept]) for begin in attempts):
            self.load_state_dict({**self.state_dict(), **start})
        _current.fits[self._metric] = self._hyperparameters()
        names = [task.name for task in _current.tasks]
        _current.trust[self._metric] = dict(zip(names, self.correlations, strict=True))
        return mll.eval()

    def _hyperparameters(self) -> dict[str, Tensor]:
        return {n: p.detach().clone() for n, p in self.named_parameters() if p.requires_grad}

    def _fit_from(self, start: dict[str, Tensor], mll: Any, steps: int) -> bool:
        """Fit from `start`; whether that could be done."""
        self.load_state_dict({**self.state_dict(), **start})
        mll.train()
        parameters = {n: p for n, p in mll.named_parameters() if p.requires_grad}
        given: Any = self.train_inputs
        inputs = self.transform_inputs(given[0])

        def closure() -> tuple[Tensor, tuple[Tensor, ...]]:
            loss = negative_likelihood(mll, inputs)
            return loss, torch.autograd.grad(loss, list(parameters.values()))

        try:
            fit_gpytorch_mll_scipy(
                mll, parameters, closure=closure, options={"maxiter": steps, "ftol": 1e-6}
            )
        except (NotPSDError, NanError):
            return False
        return all(bool(p.isfinite().all()) for p in parameters.values())


def negative_likelihood(mll: Any, inputs: Tensor) -> Tensor:
    """Minus GPyTorch's marginal likelihood of a TransferGP, with its priors, a trial.

    `inputs` (n, features + 1) have the task last. It is the same number in a tenth of the time, as
    nothing here is lazy: a fit calls it for each step.
    """
    model = mll.model
    features, tasks = inputs[:, :-1], inputs[:, -1].long()
    scaled = features / model.covar_module.kernels[0].lengthscale
    lengths = scaled.square().sum(-1)
    squared = (lengths[:, None] + lengths[None] - 2 * scaled @ scaled.T).clamp_min(0.0)
    alike = torch.exp(-0.5 * squared)
    covariance = alike * model.task_kernel.covariances[tasks][:, tasks]
    noise = mll.likelihood.noise.reshape(-1)[tasks]
    means = torch.stack([one.constant for one in model.mean_module.base_means])
    root = psd_safe_cholesky(covariance + noise.diag())
    rest = (model.train_targets - means[tasks])[:, None]
    white = torch.linalg.solve_triangular(root, rest, upper=False)
    likelihood = -0.5 * white.square().sum() - root.diagonal().log().sum()
    likelihood = likelihood - 0.5 * len(tasks) * math.log(2 * math.pi)
    for _, module, prior, value_of, _ in model.named_priors():  # the likelihood's are among them
        likelihood = likelihood + prior.log_prob(value_of(module)).sum()
    return -likelihood / len(tasks)


def _of_task(rows: Tensor, number: int) -> Tensor:
    """Rows (n, features) with the task's number behind."""
    return torch.cat([rows, torch.full_like(rows[:, :1], number)], -1)


def _search_logarithms(module: Any, name: str, least: float, prior: Any) -> None:
    """Have a fit search a parameter's logarithm, as values of all sizes are likely.

    With the values themselves, as BoTorch has it, L-BFGS takes hundreds of steps.
    """
    constraint = GreaterThan(least, torch.exp, torch.log, initial_value=prior.mode)
    module.register_constraint(name, constraint)


def _standardised(values: np.ndarray) -> Tensor:
    """(n, 1), with mean 0 and variance 1; what is far off the others counts as less far."""
    low, high = np.quantile(values, [0.25, 0.75])
    reach = OUTLYING * (high - low)
    if reach > 0:
        values = np.clip(values, low - reach, high + reach)
    spread = values.std() or 1.0
    return torch.tensor((values - values.mean()) / spread, dtype=torch.double)[:, None]
