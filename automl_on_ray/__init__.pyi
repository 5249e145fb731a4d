from .search_spaces import Condition as Condition, SearchSpace as SearchSpace
from .search_spaces.core import UserError as UserError
from .search_spaces.data_kinds import ArrayInput as ArrayInput, FinalModel as FinalModel
from .studies.from_python import (
    FoundTrial as FoundTrial,
    Result as Result,
    automl as automl,
    classify_series as classify_series,
    forecast as forecast,
    recommend as recommend,
    search_architecture as search_architecture,
    study as study,
    tune as tune,
)
from .studies.results import load_model as load_model
from .trainables.users_own import CrossValidated as CrossValidated
