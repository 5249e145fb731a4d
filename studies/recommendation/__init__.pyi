from .plan import prepare as prepare
from .settings import RecommendSettings as RecommendSettings
from .study import search_recommenders as search_recommenders
