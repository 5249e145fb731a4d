from .baseline import (
    BASELINES as BASELINES,
    Baseline as Baseline,
    ets as ets,
    seasonal_naive as seasonal_naive,
    theta as theta,
)
