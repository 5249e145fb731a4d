from .family_drawing import draw_family as draw_family, draw_schedule as draw_schedule
from .mutable_parameters import (
    perturbation_interval as perturbation_interval,
    require as require,
    within as within,
)
from .perturb import Perturb as Perturb
from .population_based import PopulationBased as PopulationBased
from .population_state import Segment as Segment
from .replay import Replay as Replay, stretched as stretched
