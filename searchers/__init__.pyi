from ._ask_tell import AskTellSearcher as AskTellSearcher, TrialOutcome as TrialOutcome
from ._create import create_searcher as create_searcher
from ._domains import values as values, varying as varying
from ._settings import PriorTrial as PriorTrial, SearcherSettings as SearcherSettings
