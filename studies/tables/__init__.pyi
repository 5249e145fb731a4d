from .plan import prepare as prepare
from .settings import AutomlSettings as AutomlSettings
from .study import search_pipelines as search_pipelines
