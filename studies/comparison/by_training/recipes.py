"""How what was found is trained anew: the same for all methods, by one recipe or several."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Between, UserError, near_miss
from automl_on_ray.trainables.image_classifier import DEFAULTS

DRAWN = 100  # configs with which a recipe is tried


@dataclass(frozen=True)
class RetrainingRecipe:
    """`values` are in the place of what was found, in each config alike."""

    name: str
    epochs: int
    values: Config = field(default_factory=dict)

    def space(self, space: SearchSpace) -> SearchSpace:
        """With these values as constants. Conditions and beliefs of what they fix fall away."""
        conditions = {k: c for k, c in space.conditions.items() if k not in self.values}
        beliefs = {k: density for k, density in space.beliefs.items() if k not in self.values}
        return replace(
            space, training={**space.training, **self.values}, conditions=conditions,
            constraints=(), beliefs=beliefs,
        )  # fmt: skip

    def config(self, found: Mapping[str, Any]) -> Config:
        return {**found, **self.values}


def read_recipes(files: str | None, space: SearchSpace, epochs: int) -> list[RetrainingRecipe]:
    """Of JSON files, by their names; without any, one that leaves all as it was found.

    UserError for a file that cannot be read, or changes what the space says is architecture.
    """
    if files is None:
        return [RetrainingRecipe("as found", epochs)]
    paths = [Path(word.strip()).expanduser() for word in files.split(",")]
    found = [_read(path, space, epochs) for path in paths]
    if len({one.name for one in found}) < len(found):
        raise UserError(f"--recipe names two files alike: {', '.join(one.name for one in found)}.")
    return found


def _read(path: Path, space: SearchSpace, epochs: int) -> RetrainingRecipe:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"--recipe {path} cannot be read: {error}.") from error
    if not isinstance(values, dict):
        raise UserError(f'--recipe {path} must hold an object, such as {{"epochs": 20}}.')
    own = values.pop("epochs", epochs)
    if isinstance(own, bool) or not isinstance(own, int):
        raise UserError(f"--recipe {path}: epochs must be a whole number, but is {own!r}.")
    Between(1, 1e6).check(f"--recipe {path}: epochs", own)
    fixed = space.flat.architecture
    known = {*DEFAULTS, *space.all} - {*fixed}
    for key, value in values.items():
        if key in fixed:
            raise UserError(
                f"--recipe {path} sets {key!r}, which is a part of the architecture in space "
                f"{space.name!r}: a recipe says only how it is trained."
            )
        if key not in known:
            raise UserError(
                f"--recipe {path} has {key!r}, which no training takes.{near_miss(key, known)}"
            )
        if not isinstance(value, str | int | float | bool | None):
            raise UserError(f"--recipe {path}: {key!r} must be a number, a text or a truth.")
    recipe = RetrainingRecipe(path.stem, own, values)
    _check_members(path, recipe, space)
    return recipe


def _check_members(path: Path, recipe: RetrainingRecipe, space: SearchSpace) -> None:
    """UserError if a config of the space is none any more: it may lack what a value calls for."""
    generator, own = np.random.default_rng(0), recipe.space(space)
    for _ in range(DRAWN):
        try:
            own.check(own.active(recipe.config(space.sample(generator))))
        except UserError as error:
            raise UserError(f"--recipe {path} does not suit all configs: {error}") from error
