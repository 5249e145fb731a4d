from .believed import BelievedDraws as BelievedDraws
from .domains import (
    check_supported as check_supported,
    from_unit as from_unit,
    has_bounds as has_bounds,
    identity_of as identity_of,
    key_of as key_of,
    members as members,
    to_unit as to_unit,
    usual as usual,
    values as values,
    varying as varying,
)
from .learner import Judged as Judged, Learner as Learner, best_first as best_first
from .moves import (
    completed as completed,
    crossed as crossed,
    mutated as mutated,
    neighbours as neighbours,
)
from .of_sources import results_of as results_of
