"""The one look at the test part, with the classical ways beside what was found."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from automl_on_ray.trainables.series_classes.classifier import METRICS, TASK, judged
from automl_on_ray.trainables.series_classes.models import lengths_of
from automl_on_ray.trainables.series_classes.series_set import SeriesSet
from automl_on_ray.trainables.series_classes.test_report.report import Example, SeriesReport
from automl_on_ray.trainables.tables import Interval, bootstrap
from automl_on_ray.trainables.tables.test_report import Compared, confusion_of

NEAREST, ROCKET, SINGLE, ENSEMBLE = "1-NN", "ROCKET", "best single", "ensemble"
BASELINES = (NEAREST, ROCKET)
MOST_CLASSES, OF_A_CLASS, MOST_POINTS = 12, 3, 200  # of what is drawn

Predict = Callable[[np.ndarray], np.ndarray]


def look_at_test(
    data: SeriesSet,
    predictors: Mapping[str, Predict],
    *,
    metric: str,
    members: Mapping[str, float],
    models: Mapping[str, str],
    seed: int = 0,
) -> SeriesReport:
    """Of `predictors` by name, BASELINES come first, and the last is what the study gives.

    To be called once. Each takes (n, channels, length) and gives (n, classes) probabilities.
    """
    told, seconds = {}, {}
    for name, predict in predictors.items():
        began = time.perf_counter()
        told[name] = predict(data.test_values)
        seconds[name] = (time.perf_counter() - began) * 1000 / len(data.test_labels)
    last = list(told)[-1]
    return SeriesReport(
        metric=metric,
        better=METRICS[metric],
        series=len(data.test_labels),
        compared=_compared(data.test_labels, told, metric, seconds, seed),
        confusion=confusion_of(told[last], data.test_labels, data.classes),
        examples=_examples(data, told[last].argmax(axis=1)),
        members=dict(members),
        models=dict(models),
    )


def _compared(
    answers: np.ndarray, told: Mapping[str, np.ndarray], metric: str,
    seconds: Mapping[str, float], seed: int,
) -> tuple[Compared, ...]:  # fmt: skip
    drawn = bootstrap(TASK, answers, told, metric, seed)
    sign = 1 if METRICS[metric] == "max" else -1
    found, names = [], list(told)
    for place, name in enumerate(names):
        gains = {
            other: _gain(drawn.differences[other, name], -sign)
            for other in names[:place]
            if other in BASELINES and name not in BASELINES
        }
        scores = judged(answers, told[name])
        found.append(Compared(name, scores, drawn.scores[name], gains, seconds[name]))
    return tuple(found)


def _gain(difference: Interval, sign: int) -> Interval:
    value, *ends = (sign * each + 0.0 for each in difference)  # never -0
    return Interval(value, min(ends), max(ends))


def _examples(data: SeriesSet, said: np.ndarray) -> tuple[Example, ...]:
    """Some test series of each class, the first ones."""
    found = []
    for code, name in enumerate(data.classes[:MOST_CLASSES]):
        for place in np.flatnonzero(data.test_labels == code)[:OF_A_CLASS]:
            one = data.test_values[place]
            points = one[0, : int(lengths_of(one[None])[0])]
            found.append(Example(name, data.classes[said[place]], _thinned(points)))
    return tuple(found)


def _thinned(points: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    at = np.linspace(0, len(points) - 1, min(len(points), MOST_POINTS)).round().astype(int)
    return tuple(round(float(points[place]), 4) for place in at)
