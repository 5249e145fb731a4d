from .metrics import (
    METRICS as METRICS,
    USUAL as USUAL,
    bootstrap as bootstrap,
    scores as scores,
)
from .table import (
    Table as Table,
    TableKeywords as TableKeywords,
    give_table as give_table,
    load_table as load_table,
)
