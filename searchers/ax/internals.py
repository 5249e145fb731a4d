"""What we use of the inside of Ax and BoTorch. Imports both: for the models' process alone."""

from typing import Any

import numpy as np
from ax.api.client import Client
from ax.core.experiment import Experiment

from automl_on_ray.search_spaces.core import Internals

AX = Internals(
    ("ax-platform", "botorch", "gpytorch"),
    (
        "ax.api.client:Client._experiment",
        "ax.api.client:Client._maybe_generation_strategy",
        "ax.api.client:Client._random_seed",
        "ax.api.client:Client.get_next_trials(max_trials, ...)",
        "ax.core.experiment:Experiment._arms_by_signature",
        "ax.core.experiment:Experiment._arms_by_name",
        "ax.core.experiment:Experiment.trials",
        "ax.adapter.base:Adapter.transforms",
        "botorch.acquisition.cached_cholesky:supports_cache_root -> _supports_cache_root",
        "ax.adapter.transforms.one_hot:OH_PARAM_INFIX",
        "ax.generators.torch.botorch_modular.acquisition:Acquisition.acqf",
        "ax.generators.torch.botorch_modular.acquisition:Acquisition.options",
        "ax.generators.torch.botorch_modular.acquisition:Acquisition.search_space_digest",
        "botorch.fit:_fit_fallback(mll, ...)",
        "botorch.fit:fit_gpytorch_mll -> custom_fit",
        "botorch.optim.fit:fit_gpytorch_mll_scipy(mll, parameters, bounds, closure, "
        "closure_kwargs, method, options, ...)",
    ),
)
AX.check_at_import()


def fit_as_botorch_does(mll: Any) -> None:
    """To a finer tolerance, and again if it fails; a model with a `custom_fit` may turn to it."""
    from botorch.fit import _fit_fallback

    _fit_fallback(mll)


def experiment_of(client: Client) -> Experiment:
    return client._experiment


def seed_next(client: Client, seeds: np.random.SeedSequence) -> None:
    """Have the client's next suggestion drawn from these."""
    client._random_seed = int(seeds.generate_state(1)[0])


def forget_strategy(client: Client) -> None:
    """It cannot be pickled, and another is set before the next suggestion."""
    client._maybe_generation_strategy = None


def forget_trial(client: Client, index: int) -> None:
    """Take a trial out of Ax's experiment as if it had never been."""
    experiment = client._experiment
    (arm,) = experiment.trials.pop(index).arms
    for indices in experiment.trial_indices_by_status.values():
        indices.discard(index)  # the next suggestion goes through these
    others = (other for trial in experiment.trials.values() for other in trial.arms)
    if all(other.signature != arm.signature for other in others):
        experiment._arms_by_signature.pop(arm.signature, None)
        experiment._arms_by_name.pop(arm.name, None)
