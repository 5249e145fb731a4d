"""The state of a population in numbers: nothing here knows Ray's objects."""

import math
from bisect import insort
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from automl_on_ray.schedulers.populations.ranking import Ranking
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
    """The population, its exploits under way, and those done, in order.

    What follows from these is kept up to date beside them, not saved with them: no question takes
    the longer the more trials or exploits there are.
    """

    interval: int
    quantile: float
    members: dict[str, Member] = field(default_factory=dict)
    births: dict[str, Config] = field(default_factory=dict)
    pending: dict[str, Exploit] = field(default_factory=dict)
    done: list[TakenOver] = field(default_factory=list)
    count: int = 0
    firsts: dict[str, float] = field(default_factory=dict)  # scores at the first interval's end

    def __post_init__(self) -> None:
        self._ranking = Ranking()
        self._order = {trial: index for index, trial in enumerate(self.births)}
        self._sorted_firsts = sorted(self.firsts.values())
        self._exploited = {step.exploit.trial for step in self.done}
        exploits = [*self.pending.values(), *(step.exploit for step in self.done)]
        self._replaced = Counter(exploit.time // self.interval for exploit in exploits)
        self._followers: dict[str, set[str]] = {}  # of each donor: who is to take over from it
        self._ripe = set(self.pending)  # whether they are is not known
        for exploit in self.pending.values():
            self._followers.setdefault(exploit.donor, set()).add(exploit.trial)
        self.alive_count = sum(not member.ended for member in self.members.values())
        self._judged_count = sum(map(_counts, self.members.values()))
        for trial in self.members:
            self._rank(trial)

    def __getstate__(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for one in fields(self):
            setattr(self, one.name, state[one.name])
        self.__post_init__()

    def join(self, trial: str, config: Config) -> None:
        """A new trial, or one that comes back after a failure or a restart: it keeps its place."""
        if trial not in self.births:
            self.births[trial] = dict(config)
            self._order[trial] = len(self._order)
        known = self.members.get(trial)
        self._put(trial, replace(known, ended=False) if known else Member(dict(config)))

    def place(self, trial: str) -> tuple[int, int]:
        """Where it stands among those that wait: how far it is, and how many were born before."""
        return self.members[trial].time, self._order[trial]

    def reported(self, trial: str, time: int) -> bool:
        """Whether a perturbation is due."""
        member = self.members[trial]
        self.members[trial] = replace(member, time=time)
        return time - member.since >= self.interval

    def judge(self, trial: str, time: int, score: float) -> Interval:
        """End the trial's interval with this score, and begin the next."""
        member = self.members[trial]
        score = score if not math.isnan(score) else -math.inf
        since = time - time % self.interval
        if since == self.interval and trial not in self.firsts:
            self.firsts[trial] = score
            insort(self._sorted_firsts, score)
        now = replace(
            member, time=time, judged=time, score=score, before=score, since=since,
            scores={**member.scores, since: score},
        )  # fmt: skip
        self._put(trial, now)
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
        if not at_first or trial in self._exploited:
            return False
        low, high = ((len(self._sorted_firsts) - odd) // 2 for odd in (1, 0))
        return self.firsts[trial] < (self._sorted_firsts[low] + self._sorted_firsts[high]) / 2

    def quantiles(self, time: int) -> tuple[list[str], list[str]]:
        """Lower and upper trials among those alive and judged, worst first; none of too few.

        Trials at different times are compared by what they had when the later one was where the
        other is: else those ahead would look better for being ahead. Those that have already been
        replaced at `time`, or in the interval that it begins, count as lower ones.
        """
        size, weak = self._sizes(time)
        lower, upper = self._ranking.weakest(weak), list(self._ranking.strongest(size))
        both = {*upper, *self._followers}
        return [trial for trial in lower if trial not in both], upper

    def donors(self, trial: str) -> Sequence[str]:
        """Whom `trial` may go on from if it is a lower one: upper ones that will soon be as far.

        These are at most an interval behind.
        """
        own = self.members[trial].judged
        size, weak = self._sizes(own)
        if trial in self._followers or trial not in self._ranking:
            return []
        weaker = self._ranking.weaker(trial)
        if weaker >= weak:
            return []
        found = self._ranking.strongest(size, since=own - self.interval)
        overlap = weaker >= len(self._ranking) - size  # where few are left to compare
        return [] if overlap and trial in found else found

    def _sizes(self, time: int) -> tuple[int, int]:
        """How many are upper ones, and how many may be lower ones."""
        size = min(math.ceil(self._judged_count * self.quantile), self._judged_count // 2)
        return size, max(0, size - self._replaced[time // self.interval])

    def begin(self, trial: str, donor: str) -> Exploit:
        """`trial` is to take over from `donor` once that is as far.

        No trial goes back: two weak ones could do so for ever.
        """
        source = self.members[donor]
        assert source.score is not None
        self.count += 1
        time = max(source.judged, self.members[trial].judged)
        exploit = Exploit(self.count, trial, donor, time, source.score, dict(source.config))
        self.pending[trial] = exploit
        self._replaced[time // self.interval] += 1
        self._followers.setdefault(donor, set()).add(trial)
        self.passes(donor, source.time)
        self._rank(trial)
        return exploit

    def passes(self, donor: str, time: float) -> None:
        """`donor` is at `time`: those that wait for it to come so far may soon take over."""
        for trial in self._followers.get(donor, ()):
            if self.pending[trial].time <= time:
                self._ripe.add(trial)

    def ripe(self) -> list[Exploit]:
        """Those under way whose donor is as far, or has ended, in their order."""
        return sorted((self.pending[trial] for trial in self._ripe), key=lambda e: e.number)

    def takes(self, exploit: Exploit, time: int, score: float) -> None:
        """The trial has the checkpoint that the donor had at `time`, with `score`."""
        self._replaced[self.pending[exploit.trial].time // self.interval] -= 1
        self._replaced[time // self.interval] += 1
        self.pending[exploit.trial] = replace(exploit, time=time, score=score)

    def take_over(self, exploit: Exploit, config: Config) -> None:
        """The exploit is done: the trial stands where the donor was."""
        time, score = exploit.time, exploit.score
        # Judged anew at its own next report: what it took over is not what it achieved.
        since = time - time % self.interval
        known = self.members[exploit.donor].scores
        self._forget(exploit)
        now = Member(
            dict(config), time, time, None, since, score,
            scores={t: s for t, s in known.items() if t <= since},
        )  # fmt: skip
        self._put(exploit.trial, now)
        self.done.append(TakenOver(exploit, dict(config)))
        self._exploited.add(exploit.trial)
        self._replaced[time // self.interval] += 1

    def cancel(self, exploit: Exploit) -> None:
        """The trial goes on by itself."""
        self._forget(exploit)
        self._rank(exploit.trial)

    def end(self, trial: str) -> None:
        if trial in self.members:
            self._put(trial, replace(self.members[trial], ended=True))
            self.passes(trial, math.inf)

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

    def _put(self, trial: str, member: Member) -> None:
        before = self.members.get(trial)
        if before is not None:
            self.alive_count -= not before.ended
            self._judged_count -= _counts(before)
        self.members[trial] = member
        self.alive_count += not member.ended
        self._judged_count += _counts(member)
        self._rank(trial)

    def _rank(self, trial: str) -> None:
        """Have it compared, if it may be."""
        member = self.members[trial]
        if member.ended or member.score is None or trial in self.pending:
            self._ranking.drop(trial)
        else:
            self._ranking.put(trial, self._order[trial], member.scores, member.judged)

    def _forget(self, exploit: Exploit) -> None:
        """It is under way no more."""
        time = self.pending.pop(exploit.trial).time
        self._replaced[time // self.interval] -= 1
        self._ripe.discard(exploit.trial)
        followers = self._followers[exploit.donor]
        followers.discard(exploit.trial)
        if not followers:
            del self._followers[exploit.donor]


def _counts(member: Member) -> bool:
    """Whether it is one of those of which a quantile is taken."""
    return not member.ended and bool(member.scores)
