from .choosing import (
    FitSettings as FitSettings,
    Model as Model,
    fit as fit,
    load as load,
)
from .padding import lengths_of as lengths_of, stack as stack, whole as whole
