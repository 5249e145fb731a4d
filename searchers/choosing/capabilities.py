"""What searchers can do, as each declares."""

from collections.abc import Callable
from dataclasses import dataclass

from automl_on_ray.search_spaces.core import DeclaredIn


@dataclass(frozen=True)
class SearcherCapabilities:
    """A searcher's module declares `CAPABILITIES = SearcherCapabilities(...)`; else these hold.

    - `learns_from_results`: what it suggests depends on the results of trials before, so it cannot
      be asked for all configs at once.
    - `takes_known_results`: heeds `known` of its settings, trials from before the study.
    - `takes_sources`: heeds `sources`, trials on other data.
    - `takes_prior`: heeds `prior`, what is believed of a config before any trial.
    - `takes_beliefs`: heeds `beliefs`, what people know of parameters.
    - `takes_acquisition_function`: heeds `acquisition` and `beta`.
    - `takes_outcome_constraints`: heeds `outcome_constraints`, on metrics.
    - `takes_parameter_constraints`: heeds the `constraints` of the space.
    - `takes_unbounded_domains`: draws from domains without bounds too, such as tune.randn.
    - `first_configs`: how many configs it begins with that were the best on other data.

    More important ones come first: the nearest searcher to another is found by them in this order.
    """

    learns_from_results: bool = True
    takes_known_results: bool = False
    takes_sources: bool = False
    takes_prior: bool = False
    takes_beliefs: bool = False
    takes_acquisition_function: bool = False
    takes_outcome_constraints: bool = False
    takes_parameter_constraints: bool = False
    takes_unbounded_domains: bool = False
    first_configs: int = 3


_declared = DeclaredIn("searchers", SearcherCapabilities)


def name_of(text: str) -> str:
    """The searcher's name, without options of its own that stand behind it."""
    return text.partition(":")[0]


def searcher_capabilities(name: str) -> SearcherCapabilities:
    """Of the searcher of that name, whatever options it has behind it. UserError if none has it."""
    return _declared.of(name_of(name))


def searchers_that(fits: Callable[[SearcherCapabilities], bool], *, near: str) -> list[str]:
    """Names of those that fit, the nearest to the one named `near` first."""
    return _declared.that(fits, near=name_of(near))
