from ._space import (
    Build as Build,
    Condition as Condition,
    GraphOf as GraphOf,
    ImageShape as ImageShape,
    SearchSpace as SearchSpace,
)
from .domains import (
    Config as Config,
    Exploit as Exploit,
    Explorer as Explorer,
    Interval as Interval,
    at_step as at_step,
    contains as contains,
    grid_of as grid_of,
    is_json as is_json,
    is_log as is_log,
    nearest as nearest,
    step_of as step_of,
)
from .graphs import SKIP as SKIP, Graph as Graph
from .networks import build as build
