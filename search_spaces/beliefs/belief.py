"""A belief, as text and as a density: `learning_rate ~ lognormal(1e-3, x3)`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ray.tune.search.sample import Domain

from automl_on_ray.search_spaces.beliefs.densities import LogNormal, Normal, Weights
from automl_on_ray.search_spaces.core import UserError, check_choice

Density: TypeAlias = Normal | LogNormal | Weights

BETA = 10.0  # the paper's: of a belief after as many results its density itself counts
DENSITIES: dict[str, type[Density]] = {
    "lognormal": LogNormal,
    "normal": Normal,
    "choice": Weights,
}
_TEXT = re.compile(r"\s*(?P<key>[^~]*?)\s*~\s*(?P<name>\w+)\s*\((?P<rest>.*)\)\s*", re.DOTALL)


@dataclass(frozen=True)
class Belief:
    """What people believe of the parameter `key` (Hvarfner et al. 2022, "piBO")."""

    key: str
    density: Density

    def __str__(self) -> str:
        """As `read_beliefs` reads it."""
        return f"{self.key} ~ {self.density}"

    def log_density(self, value: Any) -> float:
        """Of a value of the parameter's domain: 0 for the best, below for all others."""
        return self.density.log_density(value)


def weight_after(results: int) -> float:
    """To which power the density counts then (Hvarfner et al. 2022, section 4.1)."""
    return BETA / max(1, results)


def log_density(beliefs: Iterable[Belief], config: Mapping[str, Any]) -> float:
    """Of a config, by all beliefs together; parameters that it does not have count for nothing."""
    return sum(one.log_density(config[one.key]) for one in beliefs if one.key in config)


def is_belief(text: str) -> bool:
    """Whether a word of `--prior` is one, and no proxy's name."""
    return "~" in text


def read_beliefs(texts: Iterable[str], domains: Mapping[str, Domain]) -> tuple[Belief, ...]:
    """Beliefs of some parameters of a space. UserError for what cannot be read, or cannot be."""
    found: dict[str, Belief] = {}
    for text in texts:
        try:
            belief = _read(text, domains)
        except UserError as error:
            raise UserError(f'Belief "{text}": {str(error).rstrip(".")}.') from None
        if belief.key in found:
            raise UserError(f"There are two beliefs of {belief.key!r}: leave one out.")
        found[belief.key] = belief
    return tuple(found.values())


def together(declared: Iterable[Belief], given: Iterable[Belief]) -> tuple[Belief, ...]:
    """Those of the space and those of its user, which take their place by key."""
    return tuple({belief.key: belief for belief in (*declared, *given)}.values())


def _read(text: str, domains: Mapping[str, Domain]) -> Belief:
    match = _TEXT.fullmatch(text)
    if match is None:
        raise UserError("write KEY ~ DENSITY, such as learning_rate ~ lognormal(1e-3, x3)")
    check_choice("parameter", match["key"], domains)
    check_choice("density", match["name"], DENSITIES)
    density = DENSITIES[match["name"]].read(match["rest"])
    return Belief(match["key"], density.over(domains[match["key"]]))
