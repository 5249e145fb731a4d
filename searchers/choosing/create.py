"""Creates a searcher by its name, after checking that it can do what is asked."""

from typing import Any

from ray.tune.search import Searcher

from automl_on_ray.search_spaces.core import UserError, find
from automl_on_ray.searchers._constraints import check_meets_constraints
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers.choosing.capabilities import (
    name_of,
    searcher_capabilities,
    searchers_that,
)
from automl_on_ray.searchers.choosing.own_options import made_by
from automl_on_ray.searchers.members import has_bounds


def create_searcher(name: str, settings: SearcherSettings) -> Searcher:
    """UserError if the name is unknown, or for what the searcher cannot do.

    Behind a colon the name may have options of the searcher's own: `evolution:population=20`.
    """
    check_searcher(name, settings)
    create, own = made_by(name)
    return create(settings, **own)


def check_searcher(name: str, settings: SearcherSettings) -> None:
    """UserError for what the searcher of that name cannot do, without making it.

    Its capabilities say what it takes; for what else it refuses, its module may have a function
    `check(settings)`.
    """
    made_by(name)
    can, needed = searcher_capabilities(name), _needed(settings)
    for capability, asked in needed.items():
        if not getattr(can, capability):
            able = searchers_that(lambda c: all(getattr(c, each) for each in needed), near=name)
            instead = f"; use --searcher {able[0]}" if able else ", and no searcher takes it all"
            raise UserError(f"--searcher {name} takes no {asked}{instead}.")
    check_meets_constraints(settings)
    check: Any = getattr(find("searchers", name_of(name), kind="searcher"), "check", None)
    if check is not None:
        check(settings)


def _needed(settings: SearcherSettings) -> dict[str, str]:
    """What a searcher must be able to do, and what was asked that needs it."""
    space = settings.space
    unbounded = [repr(key) for key, domain in space.domains.items() if not has_bounds(domain)]
    own = [belief for belief in settings.beliefs if belief not in space.believed]
    asked = (
        ("takes_acquisition_function", "--acquisition", settings.acquisition is not None),
        ("takes_acquisition_function", "--beta", settings.beta is not None),
        ("takes_prior", "--prior", settings.prior is not None),
        ("takes_beliefs", f"--prior {' and '.join(map(str, own))}", own),
        ("takes_known_results", "--known (or --warm-start)", settings.known),
        ("takes_sources", "--warm-start from other data", settings.sources),
        ("takes_outcome_constraints", "--outcome-constraint", settings.outcome_constraints),
        ("takes_parameter_constraints", "constraints between parameters", space.constraints),
        (
            "takes_unbounded_domains",
            f"domain without bounds, as that of {', '.join(unbounded)}",
            unbounded,
        ),
    )
    return {capability: words for capability, words, given in reversed(asked) if given}
