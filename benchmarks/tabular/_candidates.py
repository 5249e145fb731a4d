"""Configs from which a portfolio is chosen: by hand, the first as the space starts, and at random.

Networks are among those by hand only, as a fit of one costs as much as twenty others.
"""

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.tables import SPACE
from automl_on_ray.searchers import identity_of, varying

PLAIN: Config = {"rare_rows": 1, "generation": "none", "selection": "none"}
BOOSTED: Config = {
    **PLAIN, "boosted_encoding": "native", "boosted_learning_rate": 0.05, "boosted_leaves": 31,
    "boosted_leaf_rows": 20, "boosted_l2": 1.0, "boosted_column_share": 0.8,
}  # fmt: skip
LIGHTGBM: Config = {**BOOSTED, "model": "lightgbm", "boosted_row_share": 0.8}
FILLED: Config = {**PLAIN, "imputation": "median", "missing_indicators": True}
FOREST: Config = {
    **FILLED, "model": "extra_trees", "forest_encoding": "ordinal", "forest_trees": 200,
    "forest_leaf_rows": 1, "forest_column_share": 0.5,
}  # fmt: skip
SCALED: Config = {**FILLED, "encoding": "one_hot", "rare_rows": 5, "scaling": "standard"}
LINEAR: Config = {**SCALED, "model": "linear", "linear_c": 1.0, "linear_knots": 0}
NEIGHBOURS: Config = {
    **SCALED, "model": "neighbours", "neighbours_count": 20, "neighbours_weights": "distance",
    "neighbours_power": 2,
}  # fmt: skip
NETWORK: Config = {
    **SCALED, "model": "network", "scaling": "quantile", "network_width": 128, "network_depth": 2,
    "network_heads": 16, "network_dropout": 0.1, "network_learning_rate": 2e-3,
    "network_weight_decay": 1e-3, "network_embedding": "piecewise",
}  # fmt: skip

# As authors of such models begin: few and many leaves, slow and quick learning, more or less
# smoothing. None was looked at on any data set here before it was written down.
BY_HAND: tuple[Config, ...] = (
    LIGHTGBM,
    {**LIGHTGBM, "boosted_learning_rate": 0.02, "boosted_leaves": 15, "boosted_leaf_rows": 10},
    {**LIGHTGBM, "boosted_leaves": 6, "boosted_leaf_rows": 5, "boosted_column_share": 0.5},
    {**LIGHTGBM, "boosted_learning_rate": 0.03, "boosted_leaves": 100, "boosted_leaf_rows": 40},
    {**LIGHTGBM, "boosted_encoding": "target", "boosted_learning_rate": 0.03, "boosted_leaves": 15},
    {**LIGHTGBM, "generation": "both", "boosted_leaves": 15, "boosted_column_share": 0.4},
    {**BOOSTED, "model": "boosting"},
    {**BOOSTED, "model": "boosting", "boosted_learning_rate": 0.03, "boosted_leaves": 10,
     "boosted_l2": 10.0, "boosted_column_share": 0.4},
    FOREST,
    {**FOREST, "forest_leaf_rows": 4, "forest_encoding": "target"},
    {**FOREST, "forest_encoding": "one_hot", "forest_column_share": 1.0},
    LINEAR,
    {**LINEAR, "linear_c": 0.1, "scaling": "quantile"},
    {**LINEAR, "linear_c": 0.3, "linear_knots": 7},
    {**LINEAR, "linear_c": 0.03, "generation": "pairs"},
    NEIGHBOURS,
    NETWORK,
    {**NETWORK, "network_embedding": "periodic", "network_width": 256, "network_dropout": 0.2},
    {**NETWORK, "network_embedding": "none", "network_depth": 3, "scaling": "standard"},
)  # fmt: skip


def candidates(members: int, seed: int = 0) -> list[Config]:
    """All different: those by hand, then so many at random; networks by hand come last."""
    generator = np.random.default_rng(seed)
    drawn: dict[str, Config] = {}
    by_hand = {identity_of(SPACE, each) for each in BY_HAND}
    while len(drawn) < members:
        config = varying(SPACE, SPACE.sample(generator))
        known = identity_of(SPACE, config)
        if config["model"] != "network" and known not in by_hand:
            drawn.setdefault(known, config)
    networks = [each for each in BY_HAND if each["model"] == "network"]
    return [*(each for each in BY_HAND if each not in networks), *drawn.values(), *networks]
