from .belief import (
    Belief as Belief,
    is_belief as is_belief,
    log_density as log_density,
    read_beliefs as read_beliefs,
    together as together,
    weight_after as weight_after,
)
