"""Confidence intervals of means over a few seeds."""

from collections.abc import Sequence

import numpy as np

from automl_on_ray.tracking import TrialRow


def half_width(values: Sequence[float]) -> float:
    """Half the width of the mean's 95 % confidence interval (Student's t); nan for one value."""
    count = len(values)
    if count < 2:
        return float("nan")
    from scipy.special import stdtrit  # scipy.stats would take half a second

    return float(stdtrit(count - 1, 0.975) * np.std(values, ddof=1) / np.sqrt(count))


def interval(rows: Sequence[TrialRow], metric: str) -> tuple[float, float]:
    """Mean of a metric over those of the rows that have it, and its `half_width`."""
    values = [row.metrics[metric] for row in rows if metric in row.metrics]
    return float(np.mean(values)) if values else float("nan"), half_width(values)
