"""The interface of explorers: new values for a trial that took over another's checkpoint."""

from dataclasses import dataclass
from typing import Protocol

from automl_on_ray.search_spaces.domains.configs import Config


@dataclass(frozen=True)
class Interval:
    """What a trial with `config` did from one perturbation to the next: scores, higher is better.

    `start` and `end` are in the scheduler's time, `before` is None where there was no score yet.
    """

    trial: str
    config: Config
    start: int
    end: int
    before: float | None
    after: float


@dataclass(frozen=True)
class Exploit:
    """`trial` is to go on from the checkpoint that `donor` had at `time`, with `score`.

    `config` is the donor's. `number` counts a study's exploits.
    """

    number: int
    trial: str
    donor: str
    time: int
    score: float
    config: Config


class Explorer(Protocol):
    """Chooses new values; it may take its time over them, Tune's loop does not wait.

    It is pickled with its scheduler.
    """

    def tell(self, interval: Interval) -> None:
        """An interval has ended, and its trial is about to begin the next."""

    def explore(self, exploit: Exploit, *, wait: bool) -> Config | None:
        """The config for `exploit.trial`; None while it is not ready, and is to be asked again.

        `wait` for it where that holds nobody up: then what is decided does not hang on how long it
        takes.
        """

    def drop(self, exploit: Exploit) -> None:
        """Nobody will ask for this one any more."""
