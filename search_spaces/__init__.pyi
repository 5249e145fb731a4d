from .domains import (
    Build as Build,
    Condition as Condition,
    Config as Config,
    Exploit as Exploit,
    Explorer as Explorer,
    GraphOf as GraphOf,
    ImageShape as ImageShape,
    Interval as Interval,
    SearchSpace as SearchSpace,
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
