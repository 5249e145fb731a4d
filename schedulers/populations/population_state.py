"""The state of a population in numbers: nothing here knows Ray's objects."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from automl_on_ray.search_spaces import Config, Exploit, Interval


@dataclass(frozen=True)
class Member:
    """A trial as it stood at its last report.

    `since` and `before` are time and score at the start of its present interval, `score` that of
    the last interval's end (None before the first, -inf if it was no number), `judged` when.
    `scores` are those of all its intervals' ends, those of the trials that it went on from too.
    """

    config: Config
    time: int = 0
    judged: int = 0
    score: float | None = None
    since: int = 0
    before: float | None = None
    ended: bool = False
    scores: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TakenOver:
    """One exploit as it was done: `exploit.trial` went on from its time with `config`."""

    exploit: Exploit
    config: Config

    @property
    def time(self) -> int:
        return self.exploit.time


@dataclass(frozen=True)
class Segment:
    """A part of a life with one config, from `start` to `end` in the scheduler's time."""

    start: int
    end: int
    trial: str
    config: Config


@dataclass
class Members:
    """The population, its exploits under way, and those done, in order."""

    interval: int
    quantile: float
    members: dict[str, Member] = field(default_factory=dict)
    births: dict[str, Config] = field(default_factory=dict)
    pending: dict[str, Exploit] = field(default_factory=dict)
    done: list[TakenOver] = field(default_factory=list)
    count: int = 0
    firsts: dict[str, float] = field(default_factory=dict)  # scores at the first interval's end
    _ranked: list[str] | None = None  # until a score, or who is compared, changes

    def join(self, trial: str, config: Config) -> None:
        """A new trial, or one that comes back after a failure or a restart: it keeps its place."""
        self._ranked = None
        self.births.setdefault(trial, dict(config))
        known = self.members.get(trial)
        self.members[trial] = replace(known, ended=False) if known else Member(dict(config))

    def reported(self, trial: str, time: int) -> bool:
        """Whether a perturbation is due."""
        member = self.members[trial]
        self.members[trial] = replace(member, time=time)
        return time - member.since >= self.interval

    def judge(self, trial: str, time: int, score: float) -> Interval:
        """End the trial's interval with this score, and begin the next."""
        self._ranked = None
        member = self.members[trial]
        score = score if not math.isnan(score) else -math.inf
        since = time - time % self.interval
        if since == self.interval:
            self.firsts.setdefault(trial, score)
        self.members[trial] = replace(
            member, time=time, judged=time, score=score, before=score, since=since,
            scores={**member.scores, since: score},
        )  # fmt: skip
        return Interval(trial, member.config, member.since, time, member.before, score)

    def at_work(self, trial: str) -> bool:
        """Whether it is within an interval, rather than at the end of one that was judged."""
        member = self.members[trial]
        return member.score is None or member.judged != member.time

    def is_hopeless(self, trial: str) -> bool:
        """Whether it is at its first interval's end, and below the median of all that were there.

        That is a rung of ASHA's (Li et al. 2020, arXiv:1810.05934) that lets a half go on.
        """
        at_first = self.members[trial].since == self.interval and trial in self.firsts
        if not at_first or any(step.exploit.trial == trial for step in self.done):
            return False
        return self.firsts[trial] < median(self.firsts.values())

    def quantiles(self, time: int) -> tuple[list[str], list[str]]:
        """Lower and upper trials among those alive and judged, worst first; none of too few.

        Trials at different times are compared by what they had when the later one was where the
        other is: else those ahead would look better for being ahead. Those that have already been
        replaced at `time`, or in the interval that it begins, count as lower ones.
        """
        ranked = self._rank()
        known = sum(bool(self.members[trial].scores) for trial in self.alive())
        size = min(math.ceil(known * self.quantile), known // 2)
        exploits = [*self.pending.values(), *(step.exploit for step in self.done)]
        replaced = sum(e.time // self.interval == time // self.interval for e in exploits)
        donors = {exploit.donor for exploit in self.pending.values()}
        lower = [trial for trial in ranked[: max(0, size - replaced)] if trial not in donors]
        upper = ranked[-size:] if size else []
        upper = [trial for trial in upper if math.isfinite(self.members[trial].score or 0.0)]
        return [trial for trial in lower if trial not in upper], upper

    def _rank(self) -> list[str]:
        """Trials that may be compared, by how many of the others they are ahead of."""
        if self._ranked is None:
            judged = {
                trial: self.members[trial]
                for trial in self.alive()
                if self.members[trial].score is not None and trial not in self.pending
            }
            wins = {
                trial: sum(_ahead(member, other) for other in judged.values())
                for trial, member in judged.items()
            }
            self._ranked = sorted(wins, key=wins.__getitem__)
        return self._ranked

    def donors(self, trial: str, upper: Sequence[str]) -> list[str]:
        """Those of `upper` that are at most an interval behind, and will soon be as far."""
        own = self.members[trial].judged
        return [t for t in upper if self.members[t].judged >= own - self.interval]

    def begin(self, trial: str, donor: str) -> Exploit:
        """`trial` is to take over from `donor` once that is as far.

        No trial goes back: two weak ones could do so for ever.
        """
        self._ranked = None
        source = self.members[donor]
        assert source.score is not None
        self.count += 1
        time = max(source.judged, self.members[trial].judged)
        exploit = Exploit(self.count, trial, donor, time, source.score, dict(source.config))
        self.pending[trial] = exploit
        return exploit

    def takes(self, exploit: Exploit, time: int, score: float) -> None:
        """The trial has the checkpoint that the donor had at `time`, with `score`."""
        self.pending[exploit.trial] = replace(exploit, time=time, score=score)

    def take_over(self, exploit: Exploit, config: Config) -> None:
        """The exploit is done: the trial stands where the donor was."""
        self._ranked = None
        del self.pending[exploit.trial]
        time, score = exploit.time, exploit.score
        # Judged anew at its own next report: what it took over is not what it achieved.
        since = time - time % self.interval
        known = self.members[exploit.donor].scores
        self.members[exploit.trial] = Member(
            dict(config), time, time, None, since, score,
            scores={t: s for t, s in known.items() if t <= since},
        )  # fmt: skip
        self.done.append(TakenOver(exploit, dict(config)))

    def cancel(self, exploit: Exploit) -> None:
        """The trial goes on by itself."""
        self._ranked = None
        del self.pending[exploit.trial]

    def end(self, trial: str) -> None:
        self._ranked = None
        if trial in self.members:
            self.members[trial] = replace(self.members[trial], ended=True)

    def alive(self) -> list[str]:
        return [trial for trial, member in self.members.items() if not member.ended]

    def schedule(self, trial: str) -> list[Segment]:
        """What `trial` lived through, its ancestors' lives included, from time 0 on."""
        segments: list[Segment] = []
        end, last = self.members[trial].time, len(self.done)
        while True:
            found = (i for i in reversed(range(last)) if self.done[i].exploit.trial == trial)
            index = next(found, None)
            step = None if index is None else self.done[index]
            start, config = (step.time, step.config) if step else (0, self.births[trial])
            if start < end or not segments:
                segments.append(Segment(start, end, trial, config))
            if step is None or index is None:
                return segments[::-1]
            trial, end, last = step.exploit.donor, start, index


def _ahead(one: Member, other: Member) -> bool:
    """Whether `one` had the higher score at the last time for which both are known."""
    common = one.scores.keys() & other.scores.keys()
    return bool(common) and one.scores[max(common)] > other.scores[max(common)]
