from .archive import SETS as SETS
from .classifier import (
    METRICS as METRICS,
    PROBABILITIES as PROBABILITIES,
    TASK as TASK,
    SeriesClassifier as SeriesClassifier,
    judged as judged,
)
from .ending import refitted as refitted, weighted as weighted
from .given import give_series as give_series
from .series_set import (
    SeriesKeywords as SeriesKeywords,
    SeriesSet as SeriesSet,
    load_series as load_series,
)
