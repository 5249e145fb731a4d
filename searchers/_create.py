"""A searcher by its name."""

from ray.tune.search import Searcher

from automl_on_ray.search_spaces.core import UserError, find
from automl_on_ray.searchers._settings import SearcherSettings


def create_searcher(name: str, settings: SearcherSettings) -> Searcher:
    """UserError if the name is unknown, or for what the searcher cannot do."""
    module = find("searchers", name, kind="searcher")
    if name != "bayesian":
        for option, given in (
            ("--acquisition", settings.acquisition),
            ("--beta", settings.beta),
            ("--known (or --warm-start)", settings.known),
            ("--outcome-constraint", settings.outcome_constraints),
        ):
            if given:
                raise UserError(f"{option} is for --searcher bayesian; {name!r} takes none.")
    searcher: Searcher = module.create(settings)
    return searcher
