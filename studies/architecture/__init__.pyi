from .plan import NasPlan as NasPlan, prepare as prepare
from .settings import NasSettings as NasSettings
from .study import search_architectures as search_architectures
