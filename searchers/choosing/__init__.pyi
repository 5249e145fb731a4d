from .capabilities import (
    SearcherCapabilities as SearcherCapabilities,
    searcher_capabilities as searcher_capabilities,
    searchers_that as searchers_that,
)
from .create import check_searcher as check_searcher, create_searcher as create_searcher
