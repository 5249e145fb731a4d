from .choosing import (
    REQUIREMENTS as REQUIREMENTS,
    FitSettings as FitSettings,
    Recommender as Recommender,
    fit as fit,
    load as load,
    save as save,
)
