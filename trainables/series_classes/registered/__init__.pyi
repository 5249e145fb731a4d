from .final_model import BROUGHT as BROUGHT, final_model_of as final_model_of
from .predictor import Bagged as Bagged, Member as Member
from .series_model import SeriesModel as SeriesModel
