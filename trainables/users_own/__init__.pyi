from .estimator import (
    MODEL as MODEL,
    CrossValidated as CrossValidated,
    EstimatorTrainable as EstimatorTrainable,
    load_estimator as load_estimator,
)
from .function import FunctionTrainable as FunctionTrainable, trainable_of as trainable_of
