"""What a scheduler is made from."""

from dataclasses import dataclass

from search_spaces._objective import Objective
from search_spaces._space import SearchSpace


@dataclass(frozen=True)
class Settings:
    """`epochs` is the most iterations a trial may have, `samples` the number of trials."""

    space: SearchSpace
    objective: Objective
    epochs: int
    samples: int
    seed: int
    time_attr: str = "training_iteration"

    @property
    def first_rung(self) -> int:
        """Epochs before a trial may be judged: a tenth of all, at least one."""
        return max(1, self.epochs // 10)
