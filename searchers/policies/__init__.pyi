from .decisions import ABSENT as ABSENT, Decisions as Decisions
from .networks import (
    Independent as Independent,
    Policy as Policy,
    Recurrent as Recurrent,
    policy as policy,
)
from .sources import SourcePolicies as SourcePolicies
from .training import (
    PPO as PPO,
    TRAINERS as TRAINERS,
    PriorityQueue as PriorityQueue,
    Reinforce as Reinforce,
    Rewards as Rewards,
    Told as Told,
    Trainer as Trainer,
    clipped_gain as clipped_gain,
)
