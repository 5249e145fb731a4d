"""Linear constraints between parameters: "width + 2 * depth <= 40"."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from ray.tune.search.sample import Domain, Float, Integer

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers._settings import SearcherSettings

MAX_DRAWS = 10_000


@dataclass(frozen=True)
class Linear:
    """sum of `weights[name] * value` <= `bound`."""

    weights: dict[str, float]
    bound: float
    text: str

    def holds(self, config: Config) -> bool:
        """Whether `config` satisfies it; a constraint on an inactive parameter asks nothing."""
        if any(name not in config for name in self.weights):
            return True
        total = sum(weight * config[name] for name, weight in self.weights.items())
        return bool(total <= self.bound + self.slack)

    @property
    def slack(self) -> float:
        """For rounding."""
        return 1e-9 * max(1.0, abs(self.bound))


def parse_constraints(space: SearchSpace) -> list[Linear]:
    """The space's constraints; UserError for an unknown parameter or one that is not linear."""
    return [parse_linear(text, space.domains) for text in space.constraints]


def parse_linear(text: str, names: Iterable[str]) -> Linear:
    """`text` as a linear inequality between `names`. UserError if it is not one."""
    known = {f"_{index}": name for index, name in enumerate(sorted(names, key=len, reverse=True))}
    plain = text
    for symbol, name in known.items():
        plain = re.sub(rf"(?<![\w/.]){re.escape(name)}(?![\w/.])", symbol, plain)
    try:
        tree = ast.parse(plain, mode="eval").body
    except SyntaxError as error:
        raise _wrong(text, "cannot be read") from error
    if not (isinstance(tree, ast.Compare) and len(tree.ops) == 1):
        raise _wrong(text, "is not one inequality with <= or >=")
    left, right = (_linear(side, known, text) for side in (tree.left, tree.comparators[0]))
    sign = {ast.LtE: 1.0, ast.GtE: -1.0}.get(type(tree.ops[0]))
    if sign is None:
        raise _wrong(text, "must compare with <= or >=")
    both = sorted({name for name in (*left, *right) if name})  # alike in every process
    weights = {name: sign * (left.get(name, 0.0) - right.get(name, 0.0)) for name in both}
    if not any(weights.values()):
        raise _wrong(text, "names no parameter")
    return Linear(weights, sign * (right.get("", 0.0) - left.get("", 0.0)), text)


def _linear(node: ast.expr, known: dict[str, str], text: str) -> dict[str, float]:
    """Weights by name; the constant under ""."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return {"": float(node.value)}
    if isinstance(node, ast.Name):
        if node.id not in known:
            raise _wrong(
                text, f"names unknown parameter {node.id!r}; there are {', '.join(known.values())}"
            )
        return {known[node.id]: 1.0}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _scaled(_linear(node.operand, known, text), -1.0)
    if isinstance(node, ast.BinOp):
        left, right = _linear(node.left, known, text), _linear(node.right, known, text)
        if isinstance(node.op, ast.Add | ast.Sub):
            sign = 1.0 if isinstance(node.op, ast.Add) else -1.0
            return {
                name: left.get(name, 0.0) + sign * right.get(name, 0.0)
                for name in {**left, **right}
            }
        if isinstance(node.op, ast.Mult) and set(left) == {""}:
            return _scaled(right, left[""])
        if isinstance(node.op, ast.Mult) and set(right) == {""}:
            return _scaled(left, right[""])
        if isinstance(node.op, ast.Div) and set(right) == {""} and right[""]:
            return _scaled(left, 1 / right[""])
    raise _wrong(text, "is not linear")


def _scaled(weights: dict[str, float], factor: float) -> dict[str, float]:
    return {name: factor * weight for name, weight in weights.items()}


def _wrong(text: str, why: str) -> UserError:
    return UserError(f'Constraint "{text}" {why}. Write such as "width + 2 * depth <= 40".')


def meets_constraints(space: SearchSpace, config: Config) -> bool:
    """Whether a member is one that the space's constraints allow."""
    return all(rule.holds(config) for rule in parse_constraints(space))


def check_satisfiable(space: SearchSpace) -> None:
    """UserError if the constraints leave no member, or so few that drawing does not find one.

    The first by linear programming over the bounds. `UnvisitedMembers` counts those of a small
    space.
    """
    every = parse_constraints(space)
    rules = [rule for rule in every if not set(rule.weights) & set(space.conditions)]
    names = sorted({name for rule in rules for name in rule.weights})
    if not names:
        return
    ends = [_ends(name, space.domains[name]) for name in names]
    for rule in rules:
        at = dict(zip(names, ends, strict=True))
        least = sum(min(w * at[n][0], w * at[n][1]) for n, w in rule.weights.items())
        if least > rule.bound + rule.slack:
            raise UserError(
                f'Space {space.name!r}: nothing meets the constraint "{rule.text}" within the '
                "bounds of its parameters."
            )
    from scipy.optimize import linprog  # only here: it takes a while to import

    found = linprog(
        [0.0] * len(names),
        A_ub=[[rule.weights.get(name, 0.0) for name in names] for rule in rules],
        b_ub=[rule.bound + rule.slack for rule in rules],
        bounds=ends,
    )
    if found.status == 2:  # infeasible
        raise UserError(
            f"Space {space.name!r}: nothing meets all constraints together: "
            f"{'; '.join(rule.text for rule in rules)}."
        )
    domains = {name: space.domains[name] for name in names}
    if not any(all(rule.holds(config) for rule in rules) for config in _draws(domains)):
        raise UserError(
            f"Space {space.name!r}: {MAX_DRAWS} draws met no constraint; widen them: "
            f"{'; '.join(rule.text for rule in rules)}."
        )


def check_meets_constraints(settings: SearcherSettings) -> None:
    """UserError for a point to try first, or a config known, that breaks a constraint."""
    rules = list(zip(parse_constraints(settings.space), settings.space.constraints, strict=True))
    for config in (*settings.points, *(trial.config for trial in settings.known)):
        for rule, text in rules:
            if not rule.holds(config):
                raise UserError(f"Config {config} does not satisfy {text!r}.")


def _draws(domains: Mapping[str, Domain]) -> Iterator[Config]:
    state = np.random.RandomState(0)
    for _ in range(MAX_DRAWS):
        yield {key: domain.sample(random_state=state) for key, domain in domains.items()}


def _ends(name: str, domain: Domain) -> tuple[float, float]:
    """The least and the greatest value. UserError for what no constraint can reckon with."""
    if isinstance(domain, Float | Integer):
        return domain.lower, domain.upper
    options = getattr(domain, "categories", [])
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in options):
        raise UserError(f"A constraint names {name!r}, which is a choice of other than numbers.")
    return min(options), max(options)
