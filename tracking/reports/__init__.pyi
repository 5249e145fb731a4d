from .comparison import ComparisonReport as ComparisonReport, log_comparison as log_comparison
from .description import (
    TABLE_ROWS as TABLE_ROWS,
    best_first as best_first,
    best_values as best_values,
    describe as describe,
    rank as rank,
)
from .fronts import (
    Front as Front,
    front_of as front_of,
    hypervolume as hypervolume,
    volume as volume,
)
from .links import (
    addresses as addresses,
    experiment_note as experiment_note,
    run_links as run_links,
    shared_view as shared_view,
)
from .loaded_model import LoadedModel as LoadedModel, load_from as load_from
from .models import (
    ModelRecord as ModelRecord,
    fetch_model as fetch_model,
    log_model as log_model,
)
from .notes import NOTE as NOTE, ours as ours, placed as placed
from .standings import Standings as Standings
from .study_report import log_report as log_report
