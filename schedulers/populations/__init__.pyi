from .family_drawing import draw_family as draw_family, draw_schedule as draw_schedule
from .mutable_parameters import (
    clipped_to as clipped_to,
    perturbation_interval as perturbation_interval,
    require_mutable as require_mutable,
)
from .perturb import PerturbExplorer as PerturbExplorer
from .population_based import PopulationBased as PopulationBased
from .population_state import Segment as Segment
from .replay import Replay as Replay, stretched as stretched
