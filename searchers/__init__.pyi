from ._ask_tell import AskTellSearcher as AskTellSearcher, TrialOutcome as TrialOutcome
from ._constraints import meets_constraints as meets_constraints
from ._settings import (
    PriorTrial as PriorTrial,
    SearcherSettings as SearcherSettings,
    Source as Source,
)
from .choosing.capabilities import (
    SearcherCapabilities as SearcherCapabilities,
    searcher_capabilities as searcher_capabilities,
    searchers_that as searchers_that,
)
from .choosing.create import check_searcher as check_searcher, create_searcher as create_searcher
from .members.domains import (
    identity_of as identity_of,
    values as values,
    varying as varying,
)
