from .choosing import (
    LIBRARIES as LIBRARIES,
    FitSettings as FitSettings,
    Model as Model,
    create_model as create_model,
    load_model as load_model,
)
from .early_stopping import held_part as held_part
from .scikit_learn import dump as dump, load as load, skops as skops
