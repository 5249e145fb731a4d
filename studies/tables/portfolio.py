"""Configs that did well on other tables, which are tried first."""

import json
from pathlib import Path

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError

FILE = Path(__file__).with_name("portfolio.json")  # it says what it was made by
SPACES = ("tables", "tables-all")  # whose members they are


def portfolio_of(space: SearchSpace) -> list[Config]:
    """Those that are members of this space, in their order."""
    if space.name not in SPACES:
        return []
    configs: list[Config] = json.loads(FILE.read_text())["configs"]
    return [config for config in configs if _is_member(config, space)]


def _is_member(config: Config, space: SearchSpace) -> bool:
    try:
        space.check(config)
    except UserError:
        return False
    return True
