from .belief import (
    BETA as BETA,
    Belief as Belief,
    is_belief as is_belief,
    read_beliefs as read_beliefs,
    together as together,
)
