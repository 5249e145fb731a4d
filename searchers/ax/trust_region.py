"""Trust regions of an exploration: parts of Ax's parameters around a value, and draws there."""

from typing import Any

import numpy as np
from ax.core.parameter import Parameter, RangeParameter


def around(parameter: RangeParameter, code: float, length: float) -> RangeParameter:
    """The part of the parameter's range of that length (0 to 1), on its own scale, around `code`.

    An integer may move by one at least.
    """
    lower, upper = float(parameter.lower), float(parameter.upper)
    whole = parameter.python_type is int
    there, back = (np.log, np.exp) if parameter.log_scale else (float, float)
    reach = length / 2 * (there(upper) - there(lower))
    low, high = back(there(code) - reach), back(there(code) + reach)
    if whole:
        low, high = np.floor(low), np.ceil(high)
    low, high = max(low, lower), min(high, upper)
    return RangeParameter(
        name=parameter.name,
        parameter_type=parameter.parameter_type,
        lower=int(low) if whole else low,
        upper=int(high) if whole else high,
        log_scale=parameter.log_scale,
    )


def drawn(parameter: Parameter, generator: np.random.Generator) -> Any:
    """A value of the parameter, evenly."""
    if not isinstance(parameter, RangeParameter):
        values = parameter.values  # type: ignore[attr-defined]
        return values[int(generator.integers(len(values)))]
    if parameter.python_type is int:
        return int(generator.integers(int(parameter.lower), int(parameter.upper) + 1))
    return float(generator.uniform(parameter.lower, parameter.upper))
