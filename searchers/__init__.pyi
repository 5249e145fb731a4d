from ._ask_tell import AskTellSearcher as AskTellSearcher, TrialOutcome as TrialOutcome
from ._capabilities import (
    SearcherCapabilities as SearcherCapabilities,
    searcher_capabilities as searcher_capabilities,
    searchers_that as searchers_that,
)
from ._create import check_searcher as check_searcher, create_searcher as create_searcher
from ._domains import values as values, varying as varying
from ._settings import PriorTrial as PriorTrial, SearcherSettings as SearcherSettings
