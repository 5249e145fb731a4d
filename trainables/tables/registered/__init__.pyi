from .final_model import BROUGHT as BROUGHT, final_model_of as final_model_of
from .predictor import Bagged as Bagged
from .single_model import LINEAR_CONFIG as LINEAR_CONFIG, refit as refit, single as single
from .table_model import TableModel as TableModel
