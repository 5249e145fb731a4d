"""Policies over decisions: what they draw, how likely they say it was, and what training does."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.searchers.members import Judged, key_of, varying
from automl_on_ray.searchers.policies import (
    ABSENT,
    PPO,
    TRAINERS,
    Decisions,
    PriorityQueue,
    Reinforce,
    Rewards,
    Told,
    clipped_gain,
    policy,
)

SPACE = SearchSpace(
    "any",
    training={
        "slack": tune.uniform(0.0, 1.0),  # before the parameter that it depends on
        "kind": tune.choice(["a", "b", None]),
        "rate": tune.loguniform(1e-4, 1.0),
        "batch": tune.lograndint(16, 257),
        "share": tune.quniform(0.0, 1.0, 0.25),
        "width": tune.randint(1, 9),
        "momentum": tune.uniform(0.5, 0.99),
    },
    conditions={
        "slack": Condition("momentum_kind", (1,)),
        "momentum_kind": Condition("kind", ("a", "b")),
        "momentum": Condition("kind", ("a",)),
    },
    architecture={"momentum_kind": tune.choice([1, 2])},
)
PAIR = SearchSpace(
    "pair",
    training={"a": tune.choice([0, 1]), "b": tune.choice([0, 1, 2])},
    conditions={"b": Condition("a", (1,))},
)
MEMBERS = [{"a": 0}, {"a": 1, "b": 0}, {"a": 1, "b": 1}, {"a": 1, "b": 2}]
BOTH = pytest.mark.parametrize("name", ["independent", "lstm"])


def probabilities(made):
    rows = [made.decisions.encode(config) for config in MEMBERS]
    return made.judge(rows)[0].exp().detach().numpy()


def told(made, config, value, *, standing=math.inf):
    encoded = made.decisions.encode(config)
    drawn = float(made.judge([encoded])[0].detach())
    return Told(Judged(config, standing, (float(value),)), encoded, drawn)


def test_decisions_come_after_those_that_they_depend_on():
    order = [decision.key for decision in Decisions(SPACE).every]
    assert set(order) == set(SPACE.domains)
    for key, condition in SPACE.conditions.items():
        assert order.index(condition.parent) < order.index(key)
    counts = {decision.key: decision.options for decision in Decisions(SPACE).every}
    assert (counts["kind"], counts["share"], counts["width"]) == (3, 5, 8)
    assert counts["rate"] == counts["batch"] == 10


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_value_of_an_option_is_within_its_part_of_the_domain(seed):
    generator = np.random.default_rng(seed)
    decisions = Decisions(SPACE)
    config = varying(SPACE, SPACE.sample(generator))
    for decision, option in zip(decisions.every, decisions.encode(config), strict=True):
        assert (option == ABSENT) == (decision.key not in config)
        if option != ABSENT:
            drawn = decision.draw(option, generator)
            assert decision.option_of(drawn) == option


def test_a_number_in_which_two_parts_meet_is_drawn_of_one_alone():
    space = SearchSpace("shared", training={"n": tune.randint(0, 15)})
    (decision,) = Decisions(space).every
    generator = np.random.default_rng(0)
    for option in range(decision.options):
        drawn = [decision.draw(option, generator) for _ in range(20)]
        assert {decision.option_of(value) for value in drawn} == {option}


@BOTH
def test_what_is_drawn_is_a_member_and_as_likely_as_was_said(name):
    made = policy(name, Decisions(SPACE), seed=0)
    for config, likely in made.draw(50, np.random.default_rng(1)):
        SPACE.check(config)
        assert config == varying(SPACE, config)
        total, _ = made.judge([made.decisions.encode(config)])
        assert math.isclose(float(total.detach()), likely, rel_tol=1e-4)


@BOTH
def test_members_are_drawn_as_often_as_they_are_likely(name):
    made = policy(name, Decisions(PAIR), seed=3)
    with torch.no_grad():
        for weights in made.parameters():
            weights.mul_(2.0).add_(torch.linspace(-0.5, 0.5, weights.numel()).view_as(weights))
    expected = probabilities(made)
    assert math.isclose(expected.sum(), 1.0, rel_tol=1e-5)
    assert np.ptp(expected) > 0.1
    drawn = Counter(key_of(config) for config, _ in made.draw(4000, np.random.default_rng(0)))
    found = np.array([drawn[key_of(config)] / 4000 for config in MEMBERS])
    assert np.abs(found - expected).max() < 4 * 0.5 / math.sqrt(4000)


@BOTH
def test_the_entropy_is_that_of_the_decisions_that_a_member_takes(name):
    made = policy(name, Decisions(PAIR), seed=0)
    if name == "independent":
        _, entropy = made.judge([made.decisions.encode(config) for config in MEMBERS[:2]])
        assert entropy.tolist() == pytest.approx([math.log(2), math.log(2) + math.log(3)])
    likely = probabilities(made)
    whole = -(likely * np.log(likely)).sum()
    _, entropy = made.judge([made.decisions.encode(config) for config in MEMBERS])
    assert float((torch.tensor(likely) * entropy).sum().detach()) == pytest.approx(whole, rel=1e-4)


@BOTH
def test_reinforce_follows_the_gradient_of_the_expected_reward(name):
    """The gradient by the log-likelihood, in expectation, against finite differences."""
    made = policy(name, Decisions(PAIR), seed=1).double()
    rewards = torch.tensor([0.3, -1.0, 2.0, 0.5], dtype=torch.double)
    rows = [made.decisions.encode(config) for config in MEMBERS]

    def expected():
        return float((made.judge(rows)[0].exp() * rewards).sum())

    likely, _ = made.judge(rows)
    (likely.exp().detach() * rewards * likely).sum().backward()
    checked = 0
    for weights in made.parameters():
        gradient = weights.grad.flatten()
        for index in map(int, gradient.abs().topk(min(3, len(gradient))).indices):
            with torch.no_grad():
                flat = weights.view(-1)
                flat[index] += 1e-5
                above = expected()
                flat[index] -= 2e-5
                below = expected()
                flat[index] += 1e-5
            assert (above - below) / 2e-5 == pytest.approx(float(gradient[index]), abs=1e-5)
            checked += abs(float(gradient[index])) > 1e-4
    assert checked >= 3


@BOTH
@pytest.mark.parametrize("training", TRAINERS)
def test_training_makes_the_best_member_the_most_likely(name, training):
    made = policy(name, Decisions(PAIR), seed=0)
    trainer = TRAINERS[training](made)
    if isinstance(trainer, PriorityQueue):
        trainer.size = 1
    values = dict(zip(map(key_of, MEMBERS), [2.0, 0.0, 3.0, 1.0], strict=True))
    generator = np.random.default_rng(0)
    for _ in range(250):
        ((config, likely),) = made.draw(1, generator)
        judged = Judged(config, math.inf, (values[key_of(config)],))
        trainer.learn(Told(judged, made.decisions.encode(config), likely))
    assert probabilities(made)[2] > 0.6


def test_the_queue_keeps_the_best_distinct_finds_and_none_that_failed():
    made = policy("independent", Decisions(PAIR), seed=0)
    trainer = PriorityQueue(made, size=2)
    before = probabilities(made)
    trainer.learn(told(made, MEMBERS[0], 9, standing=-1.0))
    assert trainer.best == []
    assert (probabilities(made) == before).all()
    for config, value in zip(MEMBERS, (1, 3, 2, 0), strict=True):
        trainer.learn(told(made, config, value))
    trainer.learn(told(made, MEMBERS[1], 3))
    assert [one.judged.config for one in trainer.best] == [MEMBERS[1], MEMBERS[2]]


def test_a_large_entropy_keeps_a_policy_even():
    even, sharp = (policy("independent", Decisions(PAIR), seed=0) for _ in range(2))
    for made, entropy in ((even, 20.0), (sharp, 0.0)):
        trainer = PriorityQueue(made, size=1, entropy=entropy)
        for _ in range(60):
            trainer.learn(told(made, MEMBERS[2], 1))
    assert probabilities(sharp)[2] > 0.95
    assert probabilities(even)[2] < 0.25


def test_rewards_have_no_scale_and_failures_leave_the_average():
    small, large = Rewards(), Rewards()
    for value in (1.0, 3.0, 2.0, 5.0, -4.0):
        one = small.advantage(Judged({}, math.inf, (value,)))
        assert one == large.advantage(Judged({}, math.inf, (math.exp(20 * value),)))
        assert -2 <= one <= 2
    failed = small.advantage(Judged({}, -1.0))
    assert failed < -0.9
    best = small.advantage(Judged({}, math.inf, (9.0,)))
    assert best == large.advantage(Judged({}, math.inf, (math.exp(200.0),)))


def test_who_always_wins_is_above_the_average_by_less_and_less():
    rewards = Rewards()
    first, *later = [rewards.advantage(Judged({}, math.inf, (float(v),))) for v in range(9)]
    assert (first, later[0]) == (0, 1)
    assert later == sorted(later, reverse=True)
    assert len(set(later)) == 8


def test_an_lstm_sees_of_which_decision_an_option_is():
    space = SearchSpace("bits", training={name: tune.choice([0, 1]) for name in "abc"})
    made = policy("lstm", Decisions(space), seed=0)
    made.judge([[1, 1, 1]])[0].sum().backward()
    seen = made.embedding.weight.grad.abs().sum(1) > 0
    assert int(seen.sum()) == 3  # none before the first decision, and two options


def test_ppos_gain_ends_where_the_policy_has_gone_far_enough():
    change = torch.log(torch.tensor([1.5, 1.1, 0.5, 1.5, 0.5]))
    advantages = torch.tensor([2.0, 2.0, 2.0, -2.0, -2.0])
    gains = clipped_gain(change, advantages, 0.2)
    assert gains.tolist() == pytest.approx([2.4, 2.2, 1.0, -3.0, -1.6])


def test_ppo_waits_for_a_batch_and_reinforce_does_not():
    for trainer_of, steps in ((PPO, 5), (Reinforce, 2)):  # the first result has no other
        made = policy("independent", Decisions(PAIR), seed=0)
        trainer = trainer_of(made, entropy=0.0)
        for step in range(1, 6):
            before = made.logits.detach().clone()
            trainer.learn(told(made, MEMBERS[step % 4], step))
            assert bool((made.logits != before).any()) == (step >= steps)


def test_policies_of_one_seed_are_alike_and_leave_torchs_own_chance_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, two, other = (policy("lstm", Decisions(PAIR), seed=seed) for seed in (7, 7, 8))
    assert torch.rand(1) == expected
    assert (one.heads == two.heads).all()
    assert (one.heads != other.heads).any()
