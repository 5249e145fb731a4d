from .bounds import (
    as_data as as_data,
    at_step as at_step,
    check_bounds as check_bounds,
    check_searchable as check_searchable,
    contains as contains,
    describe as describe,
    grid_of as grid_of,
    is_log as is_log,
    labelled as labelled,
    nearest as nearest,
    step_of as step_of,
)
from .configs import Config as Config
from .explorers import Exploit as Exploit, Explorer as Explorer, Interval as Interval
from .nesting import flattened as flattened, nested as nested, parts_of as parts_of
from .search_space import (
    Build as Build,
    Condition as Condition,
    GraphOf as GraphOf,
    ImageShape as ImageShape,
    SearchSpace as SearchSpace,
)
from .values import is_json as is_json, match as match
