"""The levels of probability at which every forecast is given."""

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MEDIAN = LEVELS.index(0.5)  # of the last axis of a forecast: the point forecast
