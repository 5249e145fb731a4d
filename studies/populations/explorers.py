"""What population-based schedulers get: an explorer, or a ready list of suggestions."""

from ray.tune.search import Searcher
from ray.tune.search.basic_variant import BasicVariantGenerator

from automl_on_ray.schedulers import SchedulerCapabilities, scheduler_capabilities
from automl_on_ray.schedulers.populations import perturbation_interval
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError, check_choice
from automl_on_ray.searchers.ax import AxExplorer, ExplorationConfig
from automl_on_ray.studies.inputs import check_heeded

EXPLORERS = ("ax", "perturb")


def explorer_of(
    explore: str | None,
    *,
    scheduler: str,
    space: SearchSpace,
    epochs: int,
    interval: int | None,
    synchronous: bool,
    seed: int,
    population: int | None = None,
) -> AxExplorer | None:
    """Who chooses new values, where the scheduler takes an explorer; None: factors and new draws.

    UserError for an unknown word, and for options of which the scheduler has no use.
    """
    given = {"explore": explore, "synchronous": synchronous, "population": population}
    check_heeded(scheduler, {**given, "interval": interval})
    if interval is not None and interval >= epochs:
        raise UserError(
            f"--interval {interval} leaves nothing to change within {epochs} epochs; take fewer."
        )
    if not scheduler_capabilities(scheduler).takes_explorer:
        return None
    check_choice("explorer", explore or "ax", EXPLORERS)
    if explore == "perturb" or not space.mutable:
        return None
    every = perturbation_interval(interval, epochs)
    return AxExplorer(ExplorationConfig(space, max_t=epochs, interval=every, seed=seed))


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
    """What `param_space` must hold for such a list: every key, None where a point has none.

    A trial is not given those that are inactive.
    """
    return {**dict.fromkeys(space.domains), **space.constants}


def proposals(
    searcher: Searcher, space: SearchSpace, scheduler: SchedulerCapabilities, samples: int
) -> tuple[Searcher | BasicVariantGenerator, Config]:
    """What a Tuner takes as `search_alg` and `param_space` under a scheduler that can do this."""
    if not scheduler.needs_all_configs_at_once:
        return searcher, space.constants
    return first_population(searcher, samples), placeholders(space)
