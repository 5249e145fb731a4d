"""Trials of image classification, on scikit-learn's digits, for tests."""

import torch

from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.trainables.image_classifier import ImageClassifier

EPOCHS = 3
COMMON = {
    "depth": 2, "width": 8, "kernel_size": 3, "activation": "relu", "normalisation": "batch",
    "dropout": 0.3, "learning_rate": 3e-3, "weight_decay": 1e-3, "batch_size": 64,
    "schedule": "one_cycle", "label_smoothing": 0.1, "augmentation": 0.7,
}  # fmt: skip
SGD = {**COMMON, "optimizer": "sgd", "momentum": 0.9, "nesterov": True}
ADAM = {
    **COMMON, "optimizer": "adam", "beta1": 0.9, "beta2": 0.99, "schedule": "cosine",
    "normalisation": "group", "activation": "gelu",
}  # fmt: skip
ADAMW = {**ADAM, "optimizer": "adamw", "schedule": "constant", "normalisation": "none"}
TIMINGS = ("epoch_seconds", "images_per_second")


def trial(config, **keywords):
    settings = {"space": SPACE, "dataset": "digits", "epochs": EPOCHS, "seed": 1, **keywords}

    class Bound(ImageClassifier):  # as tune.with_parameters binds keywords
        def setup(self, config):
            super().setup(config, **settings)

    return Bound(config=dict(config))


def finish(classifier):
    """What the remaining epochs report, timings left out, and a copy of the weights after them."""
    results = [classifier.step() for _ in range(classifier.epochs - classifier.epoch)]
    reports = [{k: v for k, v in result.items() if k not in TIMINGS} for result in results]
    return reports, [value.clone() for value in classifier.network.state_dict().values()]


def same(weights, others):
    return len(weights) == len(others) and all(map(torch.equal, weights, others))
