"""Metrics that are named in words, against those that a trainable declares."""

from collections.abc import Collection

from automl_on_ray.search_spaces.core import UserError, literal_of, near_miss, parse_objectives

IMAGES = "ImageClassifier"


def metric_of(name: str, declared: Collection[str], trainable: str, where: str) -> str:
    """As it is declared: `accuracy` may be written for `val_accuracy`. UserError for another."""
    if name in declared:
        return name
    if f"val_{name}" in declared:
        return f"val_{name}"
    written = [*declared, *(metric.removeprefix("val_") for metric in declared)]
    raise UserError(
        f"Unknown metric {name!r} in {where}.{near_miss(name, written)} "
        f"{trainable} reports {', '.join(declared)}."
    )


def check_image_metrics(objective: str) -> None:
    """UserError for a metric that the image classifier does not report; it is not imported."""
    module = "automl_on_ray.trainables.image_classifier"
    declared = literal_of(module, f"{IMAGES}.METRICS")
    for goal in parse_objectives(objective):
        metric_of(goal.metric, declared, IMAGES, "the objective")
