"""What may vary: Ray Tune's domains, when each applies, and the network a member stands for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from ray.tune.search.sample import Categorical, Domain, Float, Integer, Quantized

from automl_on_ray.search_spaces._errors import UserError

if TYPE_CHECKING:  # to import it takes a second, also where nobody builds a network
    from torch import nn

Config: TypeAlias = dict[str, Any]
ImageShape: TypeAlias = tuple[int, int, int]  # channels, height, width
Build: TypeAlias = Callable[[Config, ImageShape, int], "nn.Module"]


@dataclass(frozen=True)
class Condition:
    """A parameter exists only while `parent` has one of `values`."""

    parent: str
    values: tuple[Any, ...]

    def holds(self, config: Mapping[str, Any]) -> bool:
        return self.parent in config and config[self.parent] in self.values


@dataclass(frozen=True)
class SearchSpace:
    """Flat declarations: one key is one decision, its value a Ray Tune domain or a constant.

    `architecture` is what NAS varies and a live trial must keep; `training` is what PBT may perturb
    in one. `conditions` maps a key to when it applies. `constraints` are linear inequalities in
    Ax's words ("width + depth <= 100"). `build(config, image_shape, classes)` makes the network;
    it is None where the trainable needs none. Raises UserError if the declaration cannot be.
    """

    name: str
    architecture: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    constraints: tuple[str, ...] = ()
    build: Build | None = None

    def __post_init__(self) -> None:
        both = set(self.architecture) & set(self.training)
        if both:
            raise UserError(f"Space {self.name!r} declares {sorted(both)} twice.")
        for key, domain in self.all.items():
            _check_bounds(self.name, key, domain)
        for key, condition in self.conditions.items():
            for name in (key, condition.parent):
                if name not in self.all:
                    raise UserError(
                        f"Space {self.name!r} has a condition on unknown parameter {name!r}; "
                        f"it declares {', '.join(self.all)}."
                    )

    @property
    def all(self) -> dict[str, Any]:
        return {**self.architecture, **self.training}

    @property
    def domains(self) -> dict[str, Domain]:
        """What varies: the part that a searcher answers for."""
        return {key: value for key, value in self.all.items() if isinstance(value, Domain)}

    @property
    def mutable(self) -> dict[str, Domain]:
        """Training parameters that may change in a live trial, if its config has them.

        Not among them are those that other parameters depend on: a new optimiser could not go on
        with the old one's state.
        """
        parents = {condition.parent for condition in self.conditions.values()}
        return {
            key: domain
            for key, domain in self.training.items()
            if isinstance(domain, Domain) and key not in parents
        }

    @property
    def constants(self) -> Config:
        """What does not vary; Tune merges it into every config."""
        return {key: value for key, value in self.all.items() if not isinstance(value, Domain)}

    def describe(self) -> dict[str, str]:
        """Every declaration as text: what tells a reader, or a resumed study, what was searched."""
        text = {key: _describe(value) for key, value in self.all.items()}
        for key, condition in self.conditions.items():
            values = ", ".join(map(repr, condition.values))
            text[key] += f" if {condition.parent} in ({values})"
        return {**text, **{f"constraint {i}": c for i, c in enumerate(self.constraints, 1)}}

    def active(self, config: Mapping[str, Any]) -> Config:
        """`config` without the parameters whose condition does not hold (nor their children)."""
        kept = dict(config)
        while True:
            gone = [k for k in kept if k in self.conditions and not self.conditions[k].holds(kept)]
            if not gone:
                return kept
            for key in gone:
                del kept[key]

    def sample(self, generator: np.random.Generator) -> Config:
        """One member, drawn from the domains and without inactive parameters; constants included.

        Constraints are not looked at: searchers reject or project as suits them.
        """
        state = np.random.RandomState(generator.integers(2**32 - 1))
        drawn = {key: domain.sample(random_state=state) for key, domain in self.domains.items()}
        return self.active({**self.constants, **drawn})

    def as_declared(self, config: Mapping[str, Any]) -> Config:
        """A config out of JSON, where a choice that is a tuple has become a list."""
        return {key: _as_declared(self.all.get(key), value) for key, value in config.items()}

    def check(self, config: Mapping[str, Any]) -> None:
        """UserError if `config` is not a member: foreign or missing keys, values out of range."""
        foreign = sorted(set(config) - set(self.all))
        if foreign:
            raise UserError(
                f"Config has {foreign[0]!r}, which space {self.name!r} does not know; "
                f"it declares {', '.join(self.all)}."
            )
        missing = sorted(set(self.active({**self.all, **config})) - set(config))
        if missing:
            raise UserError(f"Config lacks {missing[0]!r}, which space {self.name!r} declares.")
        for key, value in config.items():
            domain = self.all[key]
            if isinstance(domain, Domain) and not contains(domain, value):
                raise UserError(
                    f"Config has {key}={value!r}, outside {domain.domain_str} "
                    f"of space {self.name!r}."
                )


def _as_declared(domain: Any, value: Any) -> Any:
    options = domain.categories if isinstance(domain, Categorical) else [domain]
    if not isinstance(value, list):
        return value
    return next((o for o in options if isinstance(o, tuple) and list(o) == value), value)


def contains(domain: Domain, value: Any) -> bool:
    """Whether a domain can have this value. A float's upper bound counts as inside."""
    if isinstance(domain, Categorical):
        return any(type(value) is type(c) and value == c for c in domain.categories)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(domain, Integer):
        # Tune's integers end before their upper bound, but quantised ones reach it.
        last = domain.upper - (not isinstance(domain.get_sampler(), Quantized))
        return isinstance(value, int) and domain.lower <= value <= last
    if isinstance(domain, Float):
        return domain.lower <= value <= domain.upper
    return True


def _describe(domain: Any) -> str:
    if isinstance(domain, Categorical):
        return f"choice({list(domain.categories)!r})"
    if isinstance(domain, Float | Integer):
        sampler = domain.get_sampler()
        step = f", step {sampler.q}" if isinstance(sampler, Quantized) else ""
        inner = sampler.get_sampler() if isinstance(sampler, Quantized) else sampler
        kind = "int " if isinstance(domain, Integer) else ""
        return f"{kind}{inner!s}({domain.lower}, {domain.upper}{step})".lower()
    return repr(domain)


def _check_bounds(space: str, key: str, domain: Any) -> None:
    if isinstance(domain, Categorical):
        if not domain.categories:
            raise UserError(f"Space {space!r}: {key!r} is a choice of nothing.")
        return
    if not isinstance(domain, Float | Integer):
        return
    if domain.lower >= domain.upper:
        raise UserError(
            f"Space {space!r}: {key!r} has bounds reversed or equal, "
            f"[{domain.lower}, {domain.upper}); the lower one comes first."
        )
