"""A searcher's suggestions as a ready list, for schedulers to which Ray allows no searcher."""

from ray.tune.search import Searcher
from ray.tune.search.basic_variant import BasicVariantGenerator

from schedulers._create import traits
from search_spaces._space import Config, SearchSpace


def first_population(searcher: Searcher, samples: int) -> BasicVariantGenerator:
    """Tune's own generator, made to give what `searcher` would have, `samples` times."""
    points: list[Config] = []
    for index in range(samples):
        suggestion = searcher.suggest(f"population_{index}")
        if not isinstance(suggestion, dict):
            break
        points.append(suggestion)
    return BasicVariantGenerator(points_to_evaluate=points)


def placeholders(space: SearchSpace) -> Config:
    """What `param_space` must hold for such a list: every key, None where a point has none."""
    return {**dict.fromkeys(space.domains), **space.constants}


def proposals(
    searcher: Searcher, space: SearchSpace, scheduler: str, samples: int
) -> tuple[Searcher | BasicVariantGenerator, Config]:
    """What a Tuner takes as `search_alg` and `param_space` under the scheduler of that name."""
    if traits(scheduler).searchers is None:
        return searcher, space.constants
    return first_population(searcher, samples), placeholders(space)
