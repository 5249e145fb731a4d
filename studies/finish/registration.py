"""Measures the final model, stores it in MLflow and registers it."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces import Config, SearchSpace, is_json
from automl_on_ray.search_spaces.proxies import count_flops, count_parameters
from automl_on_ray.studies.finish.final_training import Final, training_of
from automl_on_ray.studies.inputs import model_name
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.tracking.reports import Interface, ModelRecord, TrainedModel, log_model
from automl_on_ray.trainables.datasets import Dataset
from automl_on_ray.trainables.image_classifier import load_network
from automl_on_ray.trainables.registered_models import (
    Predictor,
    example_images,
    image_model,
    latency_seconds,
)


def register(plan: StudyPlan, best: Row, final: Final) -> ModelRecord | None:
    """The network of the first seed: to take the one best on the test set would be to fit it."""
    data, space = plan.data, plan.trial_kwargs["space"]
    if final.checkpoint is None or data is None:
        return None
    with final.checkpoint.as_directory() as folder:
        network = load_network(
            Path(folder),
            best.config,
            space=space,
            image_shape=data.image_shape,
            classes=len(data.classes),
        )
    means = {name: final.interval(name)[0] for name in ("test_accuracy", "test_loss")}
    costs = _costs(network, data)
    predictor = Predictor(network, data.mean, data.std).eval()
    return log_model(
        plan.uri,
        plan.record,
        TrainedModel(
            predictor,
            data.test.images[:2].float(),
            Interface(Path(image_model.__file__), data.classes, _brightness(data)),
            config=best.config,
            metrics={**means, **costs},
            recipe=_recipe(space, best.config, data, predictor),
            chance=_chance(data.test.labels),
        ),
        registered_name=plan.asked.register or model_name(plan.asked.workflow, plan.record.dataset),
        trial_id=best.trial_id,
        training=training_of(plan, best),
    )


def _costs(network: torch.nn.Module, data: Dataset) -> dict[str, float]:
    """Measured, and told."""
    costs = {
        "parameters": float(count_parameters(network)),
        "flops": float(count_flops(network, data.image_shape)),
        "latency_seconds": latency_seconds(network, data.image_shape),
    }
    console.print(
        f"{costs['parameters']:,.0f} parameters, {costs['flops'] / 1e6:.3g} million operations and "
        f"{1000 * costs['latency_seconds']:.3g} ms an image (one at a time, CPU, "
        f"{torch.get_num_threads()} threads)."
    )
    return costs


def _chance(labels: torch.Tensor) -> float:
    """The accuracy that always the commonest class may have on other data of the kind.

    Its share of the test set, and two standard errors.
    """
    share = float(labels.bincount().max()) / len(labels)
    return share + 2 * (share * (1 - share) / len(labels)) ** 0.5


def _brightness(data: Dataset) -> float:
    """The brightest pixel that 99 of 100 training pictures reach."""
    brightest = data.train.images.flatten(1).amax(dim=1).float()
    return float(brightest.kthvalue(max(len(brightest) // 100, 1)).values)


def _recipe(
    space: SearchSpace, config: Config, data: Dataset, predictor: Predictor
) -> dict[str, Any] | None:
    """How to build the network again, without this study, and what it then must answer.

    None where the space cannot say, and for values that JSON does not have.
    """
    build = space.build
    member = space.as_declared(space.active(space.plain(config)))
    own = {key: member[key] for key in space.architecture if key in member}
    chosen = {k: v.item() if isinstance(v, np.generic) else v for k, v in own.items()}
    if build is None or not is_json(chosen):
        return None
    with torch.no_grad():
        answers = predictor(example_images(data.image_shape))
    return {
        "build": f"{build.__module__}:{build.__qualname__}",
        "config": chosen,
        "image_shape": list(data.image_shape),
        "classes": list(data.classes),
        "mean": list(data.mean),
        "std": list(data.std),
        "answers": answers.tolist(),
    }
