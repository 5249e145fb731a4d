from .choosing import (
    FitSettings as FitSettings,
    Forecaster as Forecaster,
    fit as fit,
    load as load,
)
