from .final_model import final_model_of as final_model_of
from .history import History as History
from .recommender_model import RecommenderModel as RecommenderModel
