from .ensemble import blended as blended, select as select
from .metrics import (
    METRICS as METRICS,
    USUAL as USUAL,
    Interval as Interval,
    bootstrap as bootstrap,
    loss_of as loss_of,
    scores as scores,
)
from .table import (
    Table as Table,
    TableKeywords as TableKeywords,
    give_table as give_table,
    load_table as load_table,
)
