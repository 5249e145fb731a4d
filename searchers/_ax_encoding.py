"""A space in Ax's terms, and configs there and back.

Ax takes choices of one type only, refuses some names in constraints, and wants each conditional
parameter below one value of one parent. So parameters are called p0, p1, ...; finite domains are
their indices; and a parameter that exists under several values of its parent is one of Ax's under
each. Constants never reach Ax.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ray.tune.search.sample import Categorical, Domain, Integer

from search_spaces._errors import UserError
from search_spaces._space import Config, SearchSpace
from searchers._constraints import parse_constraints
from searchers._domains import check_supported, is_log, key_of, values, varying

MOST_INDEXED = 1000


@dataclass
class _Node:
    """One of Ax's parameters: `key` of the space, as it is below one value of its parent."""

    name: str
    key: str
    domain: Domain
    options: list[Any] | None
    children: dict[int, list["_Node"]] = field(default_factory=dict)


class Encoding:
    """The space as Ax parameters, and configs both ways. UserError for what Ax cannot hold."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._count = 0
        for key, domain in space.domains.items():
            check_supported(key, domain)
        roots = [key for key in space.domains if key not in space.conditions]
        self._roots = [self._node(key) for key in roots if not self._fixed(key)]
        if not self._roots:
            raise UserError(f"Space {space.name!r} leaves nothing to choose.")

    def parameters(self) -> list[RangeParameterConfig | ChoiceParameterConfig]:
        return [_as_ax(node) for node in self._walk(self._roots)]

    def constraints(self) -> list[str]:
        """The space's linear constraints on Ax's parameters."""
        names = {node.key: node for node in self._roots}
        return [self._constraint(linear, names) for linear in parse_constraints(self._space)]

    def encode(self, config: Config) -> dict[str, int | float]:
        """Ax's parameters for `config`, which may leave out constants."""
        found: dict[str, int | float] = {}
        self._encode(self._roots, config, found)
        return found

    def decode(self, parameters: dict[str, Any]) -> Config:
        """The config, inactive parameters and constants left out."""
        config: Config = {}
        self._decode(self._roots, parameters, config)
        only = {k: (values(d) or [None])[0] for k, d in self._space.domains.items()
                if self._fixed(k)}  # fmt: skip
        return varying(self._space, {**only, **config})

    def _fixed(self, key: str) -> bool:
        """Whether the domain has one value, so that there is nothing for Ax to choose."""
        options = values(self._space.domains[key], 2)
        return options is not None and len({repr(v) for v in options}) == 1

    def _node(self, key: str) -> _Node:
        domain = self._space.domains[key]
        parents = {condition.parent for condition in self._space.conditions.values()}
        indexed = isinstance(domain, Categorical) or key in parents or _steps(domain)
        options = values(domain, MOST_INDEXED) if indexed else None
        if options is None and key in parents:
            raise UserError(f"Parameter {key!r} has conditions on it, but too many values.")
        node = _Node(f"p{self._count}", key, domain, options)
        self._count += 1
        for index, value in enumerate(options or []):
            below = [
                child
                for child, condition in self._space.conditions.items()
                if condition.parent == key
                and condition.holds({key: value})
                and child in self._space.domains
                and not self._fixed(child)
            ]
            if below:
                node.children[index] = [self._node(child) for child in below]
        return node

    def _walk(self, nodes: list[_Node]) -> list[_Node]:
        below = [child for node in nodes for group in node.children.values() for child in group]
        return nodes + (self._walk(below) if below else [])

    def _encode(self, nodes: list[_Node], config: Config, found: dict[str, int | float]) -> None:
        for node in nodes:
            value = config[node.key]
            if node.options is None:
                found[node.name] = int(value) if isinstance(node.domain, Integer) else float(value)
                continue
            index = _index(node.options, value)
            found[node.name] = index
            self._encode(node.children.get(index, []), config, found)

    def _decode(self, nodes: list[_Node], parameters: dict[str, Any], config: Config) -> None:
        for node in nodes:
            if node.options is None:
                config[node.key] = node.domain.cast(_inside(node.domain, parameters[node.name]))
                continue
            index = int(parameters[node.name])
            config[node.key] = node.options[index]
            self._decode(node.children.get(index, []), parameters, config)

    def _constraint(self, linear: Any, names: dict[str, _Node]) -> str:
        terms, bound = [], linear.bound
        for key, weight in linear.weights.items():
            node = names.get(key)
            if node is None or isinstance(node.domain, Categorical) or is_log(node.domain):
                raise UserError(
                    f'Constraint "{linear.text}": {key!r} is conditional, a choice or on a log '
                    "scale, on which Ax takes no constraint; --searcher random or sobol do."
                )
            if node.options is not None:  # an index: value = first + step * index
                first = node.options[0]
                step = node.options[1] - first
                bound -= weight * first
                weight = weight * step
            terms.append(f"{weight!r}*{node.name}")
        return f"{' + '.join(terms)} <= {bound!r}"


def _steps(domain: Domain) -> bool:
    """Whether the domain is quantised, which Ax knows of its integers alone."""
    options = values(domain, MOST_INDEXED)
    return options is not None and not (isinstance(domain, Integer) and _consecutive(options))


def _consecutive(options: list[Any]) -> bool:
    return len(options) < 2 or options[1] - options[0] == 1


def _as_ax(node: _Node) -> RangeParameterConfig | ChoiceParameterConfig:
    if node.options is None:
        whole = isinstance(node.domain, Integer)
        return RangeParameterConfig(
            name=node.name,
            bounds=(node.domain.lower, node.domain.upper - whole),
            parameter_type="int" if whole else "float",
            scaling="log" if is_log(node.domain) else "linear",
        )
    ordered = _ordered(node.options)
    if ordered and not node.children:
        bounds = (0, len(node.options) - 1)
        return RangeParameterConfig(name=node.name, bounds=bounds, parameter_type="int")
    return ChoiceParameterConfig(
        name=node.name,
        values=list(range(len(node.options))),
        parameter_type="int",
        is_ordered=ordered,
        dependent_parameters={
            index: [child.name for child in group] for index, group in node.children.items()
        }
        or None,
    )


def _ordered(options: list[Any]) -> bool:
    """Numbers in rising order have an order; so has every pair."""
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in options)
    return len(options) <= 2 or (
        numbers and all(a < b for a, b in zip(options, options[1:], strict=False))
    )


def _index(options: list[Any], value: Any) -> int:
    key = key_of({"": value})
    for index, option in enumerate(options):
        if key_of({"": option}) == key:
            return index
    close = [i for i, v in enumerate(options) if isinstance(v, float) and math.isclose(v, value)]
    if not close:
        raise UserError(f"Value {value!r} is none of {options}.")
    return close[0]


def _inside(domain: Domain, value: float) -> float:
    """Within the bounds: a logarithm there and back may leave them by a rounding."""
    if isinstance(domain, Integer):
        return min(max(round(value), domain.lower), domain.upper - 1)
    return float(min(max(value, domain.lower), domain.upper))
