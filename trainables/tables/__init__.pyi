from .fitted import FittedPipeline as FittedPipeline
from .fold_fit import FitTooLarge as FitTooLarge, FitTooLong as FitTooLong
from .pipeline import TablePipeline as TablePipeline
