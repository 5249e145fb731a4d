from .choosing import (
    FitSettings as FitSettings,
    Recommender as Recommender,
    fit as fit,
    load as load,
)
