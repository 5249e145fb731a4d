from .course import planned_by_folds as planned_by_folds, search_by_folds as search_by_folds
from .looks import (
    Look as Look,
    looked as looked,
    tell as tell,
    weighted_configs as weighted_configs,
)
from .models import check_models as check_models, members_of as members_of
from .settings import FoldSettings as FoldSettings
from .whole_rows import of_whole_trials as of_whole_trials
