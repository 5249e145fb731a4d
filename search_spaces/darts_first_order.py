"""DARTS's own search, of first order: as `darts_second_order.py`, at a third of the time."""

from dataclasses import replace

from automl_on_ray.search_spaces.darts_second_order import SPACE as SECOND_ORDER
from automl_on_ray.search_spaces.domains import SearchSpace

SPACE: SearchSpace = replace(
    SECOND_ORDER,
    name="darts-first-order",
    training={**SECOND_ORDER.training, "hypergradient": "first_order"},
)
