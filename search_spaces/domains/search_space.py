"""A search space: Ray Tune's domains, when each applies, and the network of a config."""

import copy
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from ray.tune.search.sample import Categorical, Domain

from automl_on_ray.search_spaces.beliefs import Belief, read_beliefs
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.domains import (
    Config,
    as_data,
    check_bounds,
    check_searchable,
    contains,
    describe,
    flattened,
    labelled,
    match,
    nearest,
    nested,
    parts_of,
)
from automl_on_ray.search_spaces.graphs import Graph

if TYPE_CHECKING:  # to import it takes a second, also where nobody builds a network
    from torch import nn

    from automl_on_ray.search_spaces.drawings import Form

ImageShape: TypeAlias = tuple[int, int, int]  # channels, height, width
Build: TypeAlias = Callable[[Config, ImageShape, int], "nn.Module"]
GraphOf: TypeAlias = Callable[[Config], Graph]


@dataclass(frozen=True)
class Condition:
    """A parameter exists only while `parent` has one of `values`."""

    parent: str
    values: tuple[Any, ...]

    def holds(self, config: Mapping[str, Any]) -> bool:
        if self.parent not in config:
            return False
        value = config[self.parent]
        return any(v == value and isinstance(v, bool) == isinstance(value, bool)
                   for v in self.values)  # fmt: skip


@dataclass(frozen=True)
class SearchSpace:
    """What may vary: by key a Ray Tune domain, a constant, or a dict or list that holds domains.

    `architecture` is what NAS varies and a live trial must keep; `training` is what PBT may perturb
    in one. `conditions` maps a key to when it applies. `constraints` are linear inequalities in
    Ax's words ("width + depth <= 100"). `build(config, image_shape, classes)` makes the network;
    it is None where the trainable needs none. `graph(config)` is the architecture as a graph, which
    shows everything that `architecture` varies: members with the same graph and the same training
    parameters are one. `form` says how a member is written and drawn, if it is more than a table of
    decisions. `start` is the member that its author would begin with, constants left out: what
    learns from results tries it first. `beliefs` are densities that its author expects good values
    of, by key ("lr": "lognormal(1e-3, x3)"). Raises UserError if the declaration cannot be, and in
    `validate` if it cannot be searched.

    A config is flat everywhere but in a trial: one key is one decision ("opt/lr"), its value a
    scalar that JSON has. A class, a tuple or an object is its label there. `as_declared` makes of
    it what a trial is given, in the declaration's form and with its objects; `plain` is the way
    back. `architecture` and `training` are as they were written, all else of a space is flat.
    """

    name: str
    architecture: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    constraints: tuple[str, ...] = ()
    build: Build | None = None
    form: "Form | None" = None
    graph: GraphOf | None = None
    start: Mapping[str, Any] | None = None
    beliefs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        both = set(self.architecture) & set(self.training)
        both = both or set(self._leaves("architecture")) & set(self._leaves("training"))
        if both:
            raise UserError(f"Space {self.name!r} declares {sorted(both)} twice.")
        if isinstance(self.constraints, str):
            object.__setattr__(self, "constraints", (self.constraints,))
        for key, value in self._declared.items():
            check_bounds(self.name, key, value)
        object.__setattr__(self, "conditions", dict(self._flat_conditions()))

    def validate(self) -> None:
        """UserError for what can be declared, but not searched.

        That is a grid search, a sample_from, domains within a choice, steps without a multiple,
        conditions in a circle, or on what their parent never is. A start that is no member, too,
        and a belief that cannot be of its parameter.
        """
        if self.start is not None:
            try:
                self.check({**self.constants, **self.start})
            except UserError as error:
                raise UserError(
                    f"The start of space {self.name!r} is no member: {error}"
                ) from error
        for key, value in self._declared.items():
            check_searchable(self.name, key, value)
        self.believed  # noqa: B018 - to read them is to check them
        for key, condition in self.conditions.items():
            self._refuse_cycle(key)
            parent = self.all[condition.parent]
            for value in condition.values if isinstance(parent, Domain) else ():
                if not contains(parent, value):
                    raise UserError(
                        f"Space {self.name!r}: {key!r} depends on {condition.parent}={value!r}, "
                        f"which it never is; it is in {parent.domain_str}."
                    )

    @functools.cached_property
    def all(self) -> dict[str, Any]:
        """Keys -> domains of scalars, and constants that are scalars."""
        return {key: labelled(value) for key, value in self._declared.items()}

    @functools.cached_property
    def domains(self) -> dict[str, Domain]:
        """What varies: the part that a searcher answers for."""
        return {key: value for key, value in self.all.items() if isinstance(value, Domain)}

    @functools.cached_property
    def believed(self) -> tuple[Belief, ...]:
        """What its author believes of parameters. UserError if that cannot be."""
        texts = (f"{key} ~ {density}" for key, density in self.beliefs.items())
        return read_beliefs(texts, self.domains)

    @property
    def mutable(self) -> dict[str, Domain]:
        """Training parameters that may change in a live trial, if its config has them.

        Not among them are those that other parameters depend on: a new optimiser could not go on
        with the old one's state.
        """
        parents = {condition.parent for condition in self.conditions.values()}
        training = self._leaves("training")
        return {k: d for k, d in self.domains.items() if k in training and k not in parents}

    @property
    def constants(self) -> Config:
        """What does not vary; Tune merges it into every config."""
        return {key: value for key, value in self.all.items() if not isinstance(value, Domain)}

    @property
    def flat(self) -> "SearchSpace":
        """The same with nothing of the user's own: for a process that may not import it."""
        architecture, training = (
            {key: self.all[key] for key in self._leaves(part)}
            for part in ("architecture", "training")
        )
        return SearchSpace(
            self.name, architecture, training, self.conditions, self.constraints,
            beliefs=self.beliefs,
        )  # fmt: skip

    def describe(self) -> dict[str, str]:
        """Every declaration as text: what tells a reader, or a resumed study, what was searched."""
        text = {key: describe(value, self._options(key)) for key, value in self.all.items()}
        for key, condition in self.conditions.items():
            values = ", ".join(map(repr, condition.values))
            text[key] += f" if {condition.parent} in ({values})"
        for belief in self.believed:
            text[belief.key] += f", believed {belief.density}"
        return {**text, **{f"constraint {i}": c for i, c in enumerate(self.constraints, 1)}}

    def as_data(self) -> dict[str, dict[str, Any]]:
        """What varies, as JSON has it: by key the kind of its values, their bounds or options.

        `conditional` is of a parameter that not all configs have.
        """
        return {
            key: {**as_data(domain), "conditional": key in self.conditions}
            for key, domain in self.domains.items()
        }

    def active(self, config: Mapping[str, Any]) -> Config:
        """`config` without the parameters whose condition does not hold (nor their children)."""
        kept = dict(config)
        while True:
            gone = [k for k in kept if k in self.conditions and not self.conditions[k].holds(kept)]
            if not gone:
                return kept
            for key in gone:
                del kept[key]

    def sample(self, generator: np.random.Generator, given: Mapping[str, Any] = {}) -> Config:
        """One member, drawn from the domains and without inactive parameters; constants included.

        What is `given` is taken as it is. Constraints are not looked at: searchers reject or
        project as suits them.
        """
        state = np.random.RandomState(generator.integers(2**32 - 1))
        # Ray's own steps are not quite multiples: 0.30000000000000004 for 0.3.
        drawn = {
            key: nearest(domain, domain.sample(random_state=state))
            for key, domain in self.domains.items()
        }
        return self.active({**self.constants, **drawn, **given})

    def plain(self, config: Mapping[str, Any]) -> Config:
        """A config as a trial has it, or as it was read from JSON: flat, with labels for values.

        What the space does not know stays, and what is plain stays as it is.
        """
        return {key: self._label(key, value) for key, value in self._parted(config)}

    def as_declared(self, config: Mapping[str, Any]) -> Config:
        """What a trial is given: the form and the values of the declaration, each its own copy.

        Without inactive parameters. `config` is plain; it may have keys that the space has not.
        """
        own = {key: self._value(key, value) for key, value in self.active(config).items()}
        return nested({**self.architecture, **self.training}, own)

    def check(self, config: Mapping[str, Any]) -> None:
        """UserError if `config` is not a member: foreign or missing keys, values out of range."""
        config = self.plain(config)
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

    # The user's own declarations

    @functools.cached_property
    def _declared(self) -> dict[str, Any]:
        return {**self._leaves("architecture"), **self._leaves("training")}

    def _leaves(self, part: str) -> dict[str, Any]:
        return flattened(getattr(self, part), self.name)

    def _options(self, key: str) -> list[Any]:
        """The values of a choice; a constant is a choice of one."""
        declared = self._declared[key]
        if isinstance(declared, Categorical):
            return list(declared.categories)
        return [] if isinstance(declared, Domain) else [declared]

    def _labels(self, key: str) -> list[Any]:
        known = self.all[key]
        return list(known.categories) if isinstance(known, Categorical) else [known]

    def _label(self, key: str, value: Any) -> Any:
        options = self._options(key) if key in self._declared else []
        found = match(options, value) if options else None
        if found is not None:
            return self._labels(key)[found]
        return value.item() if isinstance(value, np.generic) else value

    def _value(self, key: str, value: Any) -> Any:
        options = self._options(key) if key in self._declared else []
        found = match(self._labels(key), value) if options else None
        return value if found is None else _copied(options[found])

    def _parted(self, config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
        for name, value in config.items():
            key = f"{prefix}{name}"
            within = isinstance(value, dict | list | tuple) and key not in self._declared
            if within and any(known.startswith(f"{key}/") for known in self._declared):
                yield from self._parted(dict(parts_of(value)), f"{key}/")
            else:
                yield key, value

    # Conditions

    def _flat_conditions(self) -> Iterator[tuple[str, Condition]]:
        """A condition on a dict of declarations is one on each of them."""
        for key, condition in self.conditions.items():
            below = [k for k in self.all if k.startswith(f"{key}/")]
            for name in (key, condition.parent):
                if name not in self.all and not (below and name == key):
                    raise UserError(
                        f"Space {self.name!r} has a condition on unknown parameter {name!r}; "
                        f"it declares {', '.join(self.all)}."
                    )
            values = tuple(self._label(condition.parent, value) for value in condition.values)
            for name in [key] if key in self.all else below:
                yield name, Condition(condition.parent, values)

    def _refuse_cycle(self, key: str) -> None:
        seen = [key]
        while seen[-1] in self.conditions:
            parent = self.conditions[seen[-1]].parent
            if parent in seen:
                circle = " on ".join(map(repr, [*seen[seen.index(parent) :], parent]))
                raise UserError(
                    f"Space {self.name!r}: conditions form a circle, {circle}; none would exist."
                )
            seen.append(parent)


def _copied(value: Any) -> Any:
    """A trial that changes a list, or trains a network, changes its own."""
    try:
        return copy.deepcopy(value)
    except Exception:  # modules, locks, open files: whatever an object's copying may raise
        return value
