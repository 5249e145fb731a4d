"""The densities that a belief may have. Each is 1, and its logarithm 0, at its best value.

Each has a class method `read(text)`, of what is within its brackets; `log_density(value)`; and
`over(domain)`, the same for values of a domain, UserError if it can say nothing of them. Numbers
have heavier tails than the normal distribution's: beyond three standard deviations the logarithm
falls as slowly as Cauchy's. So a belief that is far from the truth, or too sure of itself, costs no
more than a number of trials to overcome.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from ray.tune.search.sample import Categorical, Domain

from automl_on_ray.search_spaces.core import UserError, check_choice
from automl_on_ray.search_spaces.domains import as_data

CORE = 4.5  # of minus the log density: at three standard deviations
_WEIGHT = re.compile(r"\s*(?P<option>\S.*?)\s*:\s*(?P<weight>[^\s,:]+)\s*(?:,|$)")


@dataclass(frozen=True)
class Normal:
    """Around `mean`, on the linear scale."""

    mean: float
    sd: float

    @classmethod
    def read(cls, text: str) -> "Normal":
        mean, sd = _two_numbers(text, "normal(MEAN, SD)")
        if sd <= 0:
            raise UserError(f"its standard deviation must be above 0, not {_text(sd)}")
        return cls(mean, sd)

    def __str__(self) -> str:
        return f"normal({_text(self.mean)}, {_text(self.sd)})"

    def log_density(self, value: Any) -> float:
        return _soft((value - self.mean) / self.sd)

    def over(self, domain: Domain) -> "Normal":
        _check_inside(domain, self.mean, "mean")
        return self


@dataclass(frozen=True)
class LogNormal:
    """Around `median`, on the log scale: a factor of `factor` is one standard deviation."""

    median: float
    factor: float

    @classmethod
    def read(cls, text: str) -> "LogNormal":
        form = "lognormal(MEDIAN, xFACTOR)"
        head, comma, tail = text.rpartition(",")
        if not comma or not tail.strip().startswith("x"):
            raise UserError(f"write {form}, such as lognormal(1e-3, x3)")
        median, factor = _two_numbers(f"{head}, {tail.strip()[1:]}", form)
        if median <= 0:
            raise UserError(f"its median must be above 0, not {_text(median)}")
        if factor <= 1:
            raise UserError(f"its factor must be above 1, not {_text(factor)}")
        return cls(median, factor)

    def __str__(self) -> str:
        return f"lognormal({_text(self.median)}, x{_text(self.factor)})"

    def log_density(self, value: Any) -> float:
        return _soft(math.log(value / self.median) / math.log(self.factor))

    def over(self, domain: Domain) -> "LogNormal":
        low = _check_inside(domain, self.median, "median")
        if low <= 0:
            raise UserError(
                f"its range begins at {_text(low)}, where a log scale cannot; use normal"
            )
        return self


@dataclass(frozen=True)
class Weights:
    """Over the options of a choice, each as text."""

    weights: tuple[tuple[str, float], ...]

    @classmethod
    def read(cls, text: str) -> "Weights":
        found: dict[str, float] = {}
        at = 0
        while at < len(text) or not found:
            match = _WEIGHT.match(text, at)
            weight = _number(match["weight"]) if match else None
            if match is None or weight is None:
                raise UserError(
                    "write choice(OPTION: WEIGHT, ...), such as choice(adam: 3, sgd: 1)"
                )
            if weight <= 0:
                raise UserError(
                    f"the weight of {match['option']} must be above 0, not {_text(weight)}"
                )
            if match["option"] in found:
                raise UserError(f"it names {match['option']} twice")
            found[match["option"]] = weight
            at = match.end()
        return cls(tuple(found.items()))

    def __str__(self) -> str:
        return (
            f"choice({', '.join(f'{option}: {_text(weight)}' for option, weight in self.weights)})"
        )

    def log_density(self, value: Any) -> float:
        """`value` is an option as the space has it: plain, or its label."""
        weights = dict(self.weights)
        return math.log(weights[str(value)] / max(weights.values()))

    def over(self, domain: Domain) -> "Weights":
        """An option that was not named has the weight 1."""
        if not isinstance(domain, Categorical):
            raise UserError("it is a number: use normal or lognormal")
        options = [str(option) for option in domain.categories]
        given = dict(self.weights)
        for option in given:
            check_choice("option", option, options)
        return Weights(tuple((option, given.get(option, 1.0)) for option in options))


def _soft(deviations: float) -> float:
    """The normal distribution's log density, but for its tails. 0 at most."""
    below = min(deviations * deviations / 2, 1e300)  # finite, however sure a belief is of itself
    return -below if below <= CORE else -CORE - math.log1p(below - CORE)


def _check_inside(domain: Domain, centre: float, what: str) -> float:
    """The lower end of the domain. UserError if it has none, or the centre lies beyond the ends."""
    low, high = _ends(domain)
    if not low <= centre <= high:
        raise UserError(
            f"its {what} {_text(centre)} is outside its range, {_text(low)} to {_text(high)}"
        )
    return low


def _ends(domain: Domain) -> tuple[float, float]:
    data = as_data(domain)
    if data["kind"] == "normal":
        raise UserError("its domain has no bounds and is a density itself; use tune.uniform")
    if data["kind"] != "choice":
        return data["low"], data["high"]
    options = data["options"]
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in options):
        raise UserError("it is a choice: use choice(OPTION: WEIGHT, ...)")
    return min(options), max(options)


def _two_numbers(text: str, form: str) -> tuple[float, float]:
    numbers = [_number(part) for part in text.split(",")]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        raise UserError(f"write {form} with finite numbers")
    return numbers[0], numbers[1]


def _number(text: str) -> float | None:
    """None for what is no finite number."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text(number: float) -> str:
    """Read again, it is the same number."""
    return repr(number).removesuffix(".0")
