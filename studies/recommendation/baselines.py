"""The classical methods: configs that are tried first, and what each is at its best."""

from collections.abc import Mapping, Sequence

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.folds import members_of
from automl_on_ray.studies.trial_rows import Row, scored

# By the model's name in the space what it is called, and how it is without a search.
USUAL: Mapping[str, tuple[str, Config]] = {
    "popularity": ("popularity", {}),
    "recent_popularity": ("recent popularity", {"recent_popularity_share": 0.1}),
    "item_knn": ("ItemKNN", {"item_knn_neighbours": 100, "item_knn_shrink": 10.0}),
    "ease": ("EASE", {"ease_l2": 300.0}),
}
# Over the range of what matters most in each; the first of a model is tried before the second.
_FIRST: Sequence[Config] = (
    {"model": "ease", "ease_l2": 300.0},
    {"model": "recent_popularity", "recent_popularity_share": 0.1},
    {"model": "item_knn", "item_knn_neighbours": 100, "item_knn_shrink": 10.0},
    {"model": "popularity"},
    {"model": "ease", "ease_l2": 1000.0},
    {"model": "recent_popularity", "recent_popularity_share": 0.03},
    {"model": "item_knn", "item_knn_neighbours": 300, "item_knn_shrink": 100.0},
    {"model": "ease", "ease_l2": 100.0},
    {"model": "recent_popularity", "recent_popularity_share": 0.01},
    {"model": "item_knn", "item_knn_neighbours": 30, "item_knn_shrink": 1.0},
)


def first_configs(space: SearchSpace) -> list[Config]:
    """Those that are members of `space`, in their order."""
    return members_of(_FIRST, space)


def at_their_best(rows: Sequence[Row], objectives: Sequence[Objective]) -> dict[str, Config]:
    """Of each classical method, by what it is called, the config that did best on the folds.

    Of those that did most folds; the usual config where none has a score. The search has chosen
    it, and no test part.
    """
    best = {}
    for model, (called, usual) in USUAL.items():
        own = [row for row in rows if row.config.get("model") == model]
        ranked = scored(own, objectives)
        most = max((row.iterations for row in ranked), default=0)
        chosen = [row.config for row in ranked if row.iterations >= most]
        best[called] = chosen[0] if chosen else {"model": model, **usual}
    return best
