from .baseline import (
    BASELINES as BASELINES,
    Baseline as Baseline,
    ets as ets,
    seasonal_naive as seasonal_naive,
    theta as theta,
)
from .seasons import are_seasonal as are_seasonal, seasons_of as seasons_of
