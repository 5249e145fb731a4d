"""Configs that did well on other tables, which are tried first."""

import json
from pathlib import Path

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.studies.folds import members_of

FILE = Path(__file__).with_name("portfolio.json")  # it says what it was made by
SPACES = ("tables", "tables-all")  # whose members they are


def portfolio_of(space: SearchSpace) -> list[Config]:
    """Those that are members of this space, in their order."""
    if space.name not in SPACES:
        return []
    configs: list[Config] = json.loads(FILE.read_text())["configs"]
    return members_of(configs, space)
