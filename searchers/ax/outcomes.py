"""Objectives and outcome constraints in Ax's syntax, with metrics called m0, m1, ..."""

import math
import re

from automl_on_ray.search_spaces.core import UserError, unquoted
from automl_on_ray.searchers._settings import SearcherSettings


def metric_names(settings: SearcherSettings) -> dict[str, str]:
    """Ax's name by ours, for all metrics of objectives and outcome constraints."""
    names = [o.metric for o in settings.objectives]
    names += [name for name, _, _ in map(parse_outcome, settings.outcome_constraints)]
    return {name: f"m{index}" for index, name in enumerate(dict.fromkeys(names))}


def ax_objective(settings: SearcherSettings) -> str:
    names = metric_names(settings)
    signs = {"max": "", "min": "-"}
    return ", ".join(f"{signs[o.mode]}{names[o.metric]}" for o in settings.objectives)


def ax_outcome_constraints(settings: SearcherSettings) -> list[str]:
    names = metric_names(settings)
    parsed = map(parse_outcome, settings.outcome_constraints)
    return [f"{names[name]} {relation} {bound!r}" for name, relation, bound in parsed]


def parse_outcome(text: str, what: str = "Outcome constraint") -> tuple[str, str, float]:
    """`"parameters <= 1e5"` as metric, relation and bound. UserError if it is not that.

    The metric's name may be any, as in an objective; quotes around it are left out. Without them
    it holds no relation: "1 <= a <= 2" is no metric "1 <= a".
    """
    match = re.fullmatch(r"\s*(\S.*?)\s*(<=|>=)\s*([^<>=]+)", text)
    try:
        if match is None or not math.isfinite(float(match[3])):
            raise ValueError
        name = unquoted(match[1])
        if name == match[1] and re.search("[<>]=", name):
            raise ValueError
        return name, match[2], float(match[3])
    except ValueError:
        raise UserError(
            f'{what} "{text}" cannot be read; write such as "parameters <= 100000".'
        ) from None


def check_outcomes(settings: SearcherSettings) -> None:
    """UserError for a constraint on the only objective, which Ax refuses."""
    goals = [o.metric for o in settings.objectives]
    for name, _, _ in map(parse_outcome, settings.outcome_constraints):
        if goals == [name]:
            raise UserError(
                f"An outcome constraint on {name!r} says nothing, as it is the only objective."
            )
