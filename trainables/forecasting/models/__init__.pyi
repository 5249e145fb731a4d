from .choosing import fit as fit, load as load
from .classical import CLASSICAL as CLASSICAL
from .forecaster import FitSettings as FitSettings, Forecaster as Forecaster
