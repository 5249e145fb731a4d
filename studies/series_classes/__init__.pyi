from .plan import prepare as prepare
from .settings import SeriesSettings as SeriesSettings
from .study import search_classifiers as search_classifiers
