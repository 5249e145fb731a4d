from .look import (
    BASELINES as BASELINES,
    ENSEMBLE as ENSEMBLE,
    NEAREST as NEAREST,
    ROCKET as ROCKET,
    SINGLE as SINGLE,
    look_at_test as look_at_test,
)
from .report import Example as Example, SeriesReport as SeriesReport
from .words import compared_lines as compared_lines, lines_of as lines_of
