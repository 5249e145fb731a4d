"""Converts a space to Ax's parameters, and configs to Ax's and back.

Nothing here imports Ax: a driver checks a space with it, and the model in its own process uses it.
Ax takes choices of one type only and refuses some names in constraints, so parameters are called
p0, p1, ... and finite domains are their indices. It refuses short ranges, and a trust region cuts a
range short: so real parameters, and those with many whole values, are places in their ranges, from
0 to 1, on their own scale. A parameter that does not exist in a config stands at the middle of its
domain: then configs that are equal are equal to the model too. Constants never reach Ax.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ray.tune.search.sample import Categorical, Domain, Float, Integer

from automl_on_ray.search_spaces import Config, SearchSpace, is_log, nearest
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers._constraints import Linear, parse_constraints
from automl_on_ray.searchers.members import check_supported, from_unit, key_of, values, varying

MAX_INDEXED_VALUES = 1000
RANGE_STEPS = 1000  # in which a range is gone through, where that has to be done


@dataclass(frozen=True)
class _Parameter:
    """One of the space's parameters.

    `options` are its values if Ax sees their indices, `whole` are few consecutive integers, as
    they are; what is neither is its place in its range.
    """

    name: str
    domain: Domain
    options: list[Any] | None
    whole: bool = False

    @property
    def fixed(self) -> bool:
        """Whether there is one value only, and so nothing for Ax to choose."""
        return self.options is not None and len({repr(value) for value in self.options}) == 1


class Encoding:
    """The space as Ax parameters, and configs both ways. UserError for what Ax cannot hold."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._all = {
            key: _parameter(f"p{index}", key, domain)
            for index, (key, domain) in enumerate(space.domains.items())
        }
        self._free = {key: p for key, p in self._all.items() if not p.fixed}
        if not self._free:
            raise UserError(f"Space {space.name!r} leaves nothing to choose.")
        self._rules = [self._constraint(rule) for rule in parse_constraints(space)]

    def parameters(self) -> list[dict[str, Any]]:
        """Keywords of Ax's RangeParameterConfig, or, with `values`, ChoiceParameterConfig."""
        return [_as_ax(parameter) for parameter in self._free.values()]

    def constraints(self) -> list[str]:
        """The space's linear constraints on Ax's parameters."""
        return self._rules

    def encode(self, config: Config) -> dict[str, int | float]:
        """Ax's parameters for `config`, which may leave out constants and what is inactive."""
        return {
            p.name: _code(p, config[key] if key in config else from_unit(p.domain, 0.5))
            for key, p in self._free.items()
        }

    def decode(self, parameters: Mapping[str, Any]) -> Config:
        """The config, without constants and inactive parameters."""
        config = {key: _value(p, parameters.get(p.name, 0)) for key, p in self._all.items()}
        return varying(self._space, config)

    def codes(self, key: str) -> dict[float, Any]:
        """Ax's numbers for a parameter that it may choose, in rising order, and their values.

        All of them if they are few; of a range so many that they are close to each other.
        """
        parameter = self._free[key]
        if parameter.options is not None:
            return dict(enumerate(parameter.options))
        if parameter.whole:
            first, last = _ends(parameter.domain)
            return {code: code for code in range(first, last + 1)}
        places = [step / RANGE_STEPS for step in range(RANGE_STEPS + 1)]
        return {place: _value(parameter, place) for place in places}

    def keys(self) -> dict[str, str]:
        """The space's keys by Ax's names."""
        return {parameter.name: key for key, parameter in self._free.items()}

    def names(self) -> dict[str, str]:
        """Ax's names by the space's keys."""
        return {key: parameter.name for key, parameter in self._free.items()}

    def _constraint(self, linear: Linear) -> str:
        terms, bound = [], linear.bound
        for key, weight in linear.weights.items():
            parameter = self._free.get(key)
            if (
                parameter is None
                or key in self._space.conditions
                or isinstance(parameter.domain, Categorical)
                or is_log(parameter.domain)
            ):
                raise UserError(
                    f'Constraint "{linear.text}": {key!r} is conditional, a choice, constant or on '
                    "a log scale, on which Ax takes no constraint; --searcher random does."
                )
            factor = weight
            if parameter.options is not None:  # an index: value = first + step * index
                first, second = parameter.options[:2]
                bound -= weight * first
                factor = weight * (second - first)
            elif not parameter.whole:
                lower, upper = _ends(parameter.domain)
                bound -= weight * lower
                factor = weight * (upper - lower)
            terms.append(f"{factor!r}*{parameter.name}")
        return f"{' + '.join(terms)} <= {bound!r}"


def _parameter(name: str, key: str, domain: Domain) -> _Parameter:
    check_supported(key, domain)
    options = values(domain, MAX_INDEXED_VALUES)
    whole = (
        isinstance(domain, Integer)
        and options is not None
        and all(b - a == 1 for a, b in itertools.pairwise(options))
        and len(options) > 1
    )
    return _Parameter(name, domain, None if whole else options, whole)


def _as_ax(parameter: _Parameter) -> dict[str, Any]:
    domain, options = parameter.domain, parameter.options
    if parameter.whole:
        return {
            "name": parameter.name,
            "bounds": _ends(domain),
            "parameter_type": "int",
            "scaling": "log" if is_log(domain) else "linear",
        }
    if options is None:
        return {
            "name": parameter.name,
            "bounds": (0.0, 1.0),
            "parameter_type": "float",
            "scaling": "linear",
        }
    known = {"name": parameter.name, "parameter_type": "int"}
    if _ordered(options):
        return {**known, "bounds": (0, len(options) - 1)}
    return {**known, "values": list(range(len(options))), "is_ordered": False}


def _ordered(options: list[Any]) -> bool:
    """Numbers in rising order have an order; so has every pair."""
    if len(options) <= 2:
        return True
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in options)
    return numbers and all(a < b for a, b in itertools.pairwise(options))


def _ends(domain: Domain) -> tuple[Any, Any]:
    """The least and the greatest value."""
    assert isinstance(domain, Float | Integer)
    return nearest(domain, domain.lower), nearest(domain, domain.upper)


def _code(parameter: _Parameter, value: Any) -> int | float:
    if parameter.options is not None:
        return _index(parameter.options, value)
    if parameter.whole:
        return int(value)
    lower, upper = _ends(parameter.domain)
    if is_log(parameter.domain):
        value, lower, upper = (math.log(number) for number in (value, lower, upper))
    return min(max((value - lower) / (upper - lower), 0.0), 1.0)  # not beyond by a rounding


def _value(parameter: _Parameter, code: float) -> Any:
    domain = parameter.domain
    if parameter.options is not None:
        return parameter.options[int(code)]
    if parameter.whole:
        return nearest(domain, code)
    lower, upper = _ends(domain)
    log = is_log(domain)
    return nearest(domain, lower * (upper / lower) ** code if log else _between(lower, upper, code))


def _between(lower: Any, upper: Any, part: float) -> Any:
    """Exact at both ends, also between integers that a float cannot tell apart."""
    near = part <= 0.5
    way = (part if near else 1 - part) * (upper - lower)
    if isinstance(lower, int):
        way = round(way)  # so that the end does not become a float
    return lower + way if near else upper - way


def _index(options: list[Any], value: Any) -> int:
    key = key_of({"": value})
    for index, option in enumerate(options):
        if key_of({"": option}) == key:
            return index
    for index, option in enumerate(options):
        if isinstance(option, float) and math.isclose(option, value):
            return index
    raise UserError(f"Value {value!r} is none of {options}.")
