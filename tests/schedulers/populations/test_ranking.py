"""A population's order, kept up to date step by step, is the one that comparing all with all gives.

Histories are drawn at random: trials that skip intervals, tie, diverge, fail and come back, take
over from others, give that up, or are saved and loaded between.
"""

import math
import random
from statistics import median

import cloudpickle
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.schedulers.populations.population_state import Members

SCORES = [-math.inf, 0.0, 1.0, 2.0, 3.0]
OFTEN = (*["judge"] * 6, *["begin"] * 4, *["take_over"] * 3)
STEPS = (*OFTEN, "join", "takes", "cancel", "end", "save")


def is_ahead(one, other):
    """By the last time for which both have a score."""
    common = one.scores.keys() & other.scores.keys()
    return bool(common) and one.scores[max(common)] > other.scores[max(common)]


def plainly(members, time):
    """Lower and upper trials, by comparing all with all, and counting all exploits."""
    judged = {
        name: member
        for name, member in members.members.items()
        if not member.ended and member.score is not None and name not in members.pending
    }
    ahead = {name: sum(is_ahead(m, o) for o in judged.values()) for name, m in judged.items()}
    ranked = sorted(ahead, key=ahead.__getitem__)
    known = sum(bool(members.members[name].scores) for name in members.alive())
    size = min(math.ceil(known * members.quantile), known // 2)
    exploits = [*members.pending.values(), *(step.exploit for step in members.done)]
    replaced = sum(e.time // members.interval == time // members.interval for e in exploits)
    giving = {exploit.donor for exploit in members.pending.values()}
    upper = ranked[-size:] if size else []
    upper = [name for name in upper if math.isfinite(judged[name].score)]
    weak = ranked[: max(0, size - replaced)]
    return [name for name in weak if name not in giving and name not in upper], upper


def compare(members):
    """All that is asked of a population, at every time and of every trial."""
    assert members.alive_count == len(members.alive())
    by_time = {m.judged: plainly(members, m.judged) for m in members.members.values()}
    assert all(members.quantiles(time) == found for time, found in by_time.items())
    for name, member in members.members.items():
        lower, upper = by_time[member.judged]
        since = member.judged - members.interval
        near = [donor for donor in upper if members.members[donor].judged >= since]
        assert list(members.donors(name)) == (near if name in lower else [])
        gone_on = any(step.exploit.trial == name for step in members.done)
        at_first = member.since == members.interval and name in members.firsts and not gone_on
        below = at_first and members.firsts[name] < median(members.firsts.values())
        assert members.is_hopeless(name) == below


def change(members, step, draw):
    """One thing that happens in a study, if it can."""
    names = list(members.members)
    live = [name for name in members.alive() if name not in members.pending]
    pending = list(members.pending.values())
    if step == "join":
        again = [name for name in names if members.members[name].ended]
        members.join(draw.choice([*again, f"t{len(names)}"]), {})
    elif step == "judge" and live:
        name = draw.choice(live)
        time = members.members[name].since + members.interval + draw.choice([0, 0, 0, 1, 3])
        members.reported(name, time)
        members.judge(name, time, draw.choice(SCORES))
    elif step == "begin":
        weak = [name for name in live if members.donors(name)]
        if weak:
            name = draw.choice(weak)
            members.begin(name, draw.choice(members.donors(name)))
    elif step == "end" and live:
        members.end(draw.choice(live))
    elif step == "takes" and pending:
        exploit = draw.choice(pending)
        members.takes(exploit, exploit.time + draw.choice([0, 1, 3]), 1.0)
    elif step == "take_over" and pending:
        members.take_over(draw.choice(pending), {})
    elif step == "cancel" and pending:
        members.cancel(draw.choice(pending))


def live_through(draw, quantile, trials, steps):
    """Compare after each step."""
    members = Members(interval=2, quantile=quantile)
    for index in range(trials):
        members.join(f"t{index}", {})
        change(members, "judge", draw)
    for _ in range(steps):
        step = draw.choice(STEPS)
        if step == "save":
            members = cloudpickle.loads(cloudpickle.dumps(members))
        else:
            change(members, step, draw)
        compare(members)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.25, 0.5]))
def test_after_each_step_of_any_history_the_order_is_that_of_comparing_all_with_all(seed, quantile):
    draw = random.Random(seed)
    live_through(draw, quantile, draw.choice([3, 9, 18]), 60)


@pytest.mark.parametrize("seed", range(4))
def test_so_it_is_in_a_few_short_histories_of_more_trials_than_there_were_rows(seed):
    live_through(random.Random(seed), 0.5, 40 + seed, 15)
