"""What each setting of a supernet's training may be."""

import math

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables._augmentation import BORDERS
from automl_on_ray.trainables._optimisation import SCHEDULED_BY
from automl_on_ray.trainables.differentiable_search.optimisers import DEFAULTS

_WORDS = {"schedule_by": SCHEDULED_BY, "crop_border": BORDERS}
_OTHERS = ("relaxation", "hypergradient")  # are checked together
_OPTIONAL = ("cutout", "seed")
_WHOLE = {"partial": 1, "batch_size": 1, "crop": 0, "cutout": 0, "seed": 0}  # and the least
_SHARES = ("warm_up", "momentum")
_ABOVE_ZERO = ("learning_rate", "alpha_learning_rate")


def check_setting(key: str, value: object) -> None:
    """UserError unless the setting may have this value."""
    wanted = _wanted(key, value)
    if wanted:
        raise UserError(f"A supernet's {key} must be {wanted}, but is {value!r}.")


def check_settings(used: Config) -> None:
    """UserError for the first setting that may not have its value."""
    for key, value in used.items():
        check_setting(key, value)


def _wanted(key: str, value: object) -> str:
    """What it must be, where it is not."""
    if key in _OTHERS or (key in _OPTIONAL and value is None):
        return ""
    if key in _WORDS:
        return "" if value in _WORDS[key] else f"one of {', '.join(_WORDS[key])}"
    if isinstance(DEFAULTS[key], bool):
        return "" if value in (True, False) else "True or False"
    number = None if isinstance(value, bool) else _number(value)
    if key in _WHOLE:
        whole = number is not None and number >= _WHOLE[key] and number == int(number)
        return "" if whole else f"a whole number from {_WHOLE[key]}"
    if key in _SHARES:
        return "" if number is not None and 0 <= number <= 1 else "a number from 0 to 1"
    if key in _ABOVE_ZERO:
        return "" if number is not None and number > 0 else "a number above 0"
    return "" if number is not None and number >= 0 else "a number from 0"


def _number(value: object) -> float | None:
    """None for what is no finite number."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and not isinstance(value, str) else None
