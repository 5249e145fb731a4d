from .settings import CompareSettings as CompareSettings
from .study import compare_methods as compare_methods
