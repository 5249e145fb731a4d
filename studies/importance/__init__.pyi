from .analysis import (
    Analysis as Analysis,
    analyse as analyse,
    analysis_of as analysis_of,
    first_two as first_two,
)
from .parameters import (
    Parameter as Parameter,
    declared_of as declared_of,
    parameters_of as parameters_of,
    word_of as word_of,
)
from .surrogate import Surrogate as Surrogate
