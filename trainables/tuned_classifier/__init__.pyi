from .classifier import HypergradientClassifier as HypergradientClassifier
from .problem import (
    Batch as Batch,
    Classification as Classification,
    WeighedClassification as WeighedClassification,
    find_statistics as find_statistics,
)
from .values import starts_of as starts_of, transforms_of as transforms_of
