from .description import (
    TABLE_ROWS as TABLE_ROWS,
    best_first as best_first,
    best_values as best_values,
    describe as describe,
)
from .links import (
    addresses as addresses,
    experiment_note as experiment_note,
    run_links as run_links,
    shared_view as shared_view,
)
from .models import (
    ModelRecord as ModelRecord,
    TrainedModel as TrainedModel,
    fetch_model as fetch_model,
    log_model as log_model,
)
from .standings import Standings as Standings
from .stored_model import Interface as Interface
from .study_report import log_report as log_report
