"""A searcher by its name."""

from ray.tune.search import Searcher

from search_spaces._errors import UserError
from search_spaces._lookup import find
from searchers._settings import Settings


def create_searcher(name: str, settings: Settings) -> Searcher:
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
