from . import conform as conform
from .ensemble import blended as blended, select as select
from .fitted import FittedPipeline as FittedPipeline
from .fold_fit import (
    FitFailed as FitFailed,
    FitTooLarge as FitTooLarge,
    FitTooLong as FitTooLong,
)
from .memory import check_fits as check_fits
from .metrics import (
    METRICS as METRICS,
    USUAL as USUAL,
    Interval as Interval,
    bootstrap as bootstrap,
    loss_of as loss_of,
    scores as scores,
)
from .pipeline import (
    Progress as Progress,
    TablePipeline as TablePipeline,
    read_progress as read_progress,
)
from .registered import (
    LINEAR_CONFIG as LINEAR_CONFIG,
    Bagged as Bagged,
    final_model_of as final_model_of,
    refit as refit,
    single as single,
)
from .table import (
    Table as Table,
    TableKeywords as TableKeywords,
    give_table as give_table,
    load_table as load_table,
)
