from .archive import SETS as SETS
from .classifier import SeriesClassifier as SeriesClassifier
from .series_set import (
    SeriesKeywords as SeriesKeywords,
    SeriesSet as SeriesSet,
    load_series as load_series,
)
