import math

import pytest
from hypothesis import given, strategies as st
from ray import tune

from automl_on_ray.search_spaces.beliefs import read_beliefs, together
from automl_on_ray.search_spaces.core import UserError

DOMAINS = {
    "lr": tune.loguniform(1e-5, 1.0),
    "momentum": tune.uniform(0.0, 0.99),
    "layers": tune.randint(1, 9),
    "width": tune.choice([16, 32, 64]),
    "optimizer": tune.choice(["adam", "sgd", "rmsprop"]),
    "kernel": tune.choice(["(3, 3)", "(5, 5)"]),
    "noise": tune.randn(0.0, 1.0),
}


def read(text):
    (belief,) = read_beliefs([text], DOMAINS)
    return belief


@pytest.mark.parametrize(
    ("text", "best", "one_sd_off"),
    [
        ("lr ~ lognormal(1e-3, x3)", 1e-3, [1e-3 / 3, 3e-3]),
        ("momentum~normal(0.9,0.05)", 0.9, [0.85, 0.95]),
        ("layers ~ normal(4, 2)", 4, [2, 6]),
        ("width ~ lognormal(32, x 2)", 32, [16, 64]),
    ],
)
def test_a_number_is_believed_most_at_its_centre_and_by_half_a_nat_less_one_deviation_off(
    text, best, one_sd_off
):
    belief = read(text)
    assert belief.log_density(best) == 0
    assert [belief.log_density(value) for value in one_sd_off] == pytest.approx([-0.5, -0.5])


def test_options_are_believed_by_their_weights_and_those_not_named_weigh_one():
    belief = read("optimizer ~ choice(adam: 3, sgd: 0.5)")
    densities = [math.exp(belief.log_density(option)) for option in ("adam", "sgd", "rmsprop")]
    assert densities == pytest.approx([1, 0.5 / 3, 1 / 3])


def test_an_option_may_have_commas_in_its_name():
    belief = read("kernel ~ choice((3, 3): 2, (5, 5): 1)")
    assert belief.log_density("(3, 3)") == 0
    assert belief.log_density("(5, 5)") == pytest.approx(-math.log(2))


def test_numbers_in_a_choice_are_weighed_as_options_too():
    assert read("width ~ choice(64: 4)").log_density(16) == pytest.approx(-math.log(4))


@given(st.floats(1e-5, 1.0), st.floats(1.0001, 100.0), st.floats(1e-5, 1.0))
def test_text_and_belief_are_one_and_no_value_is_believed_more_than_the_best(median, factor, value):
    belief = read(f"lr ~ lognormal({median!r}, x{factor!r})")
    assert read(str(belief)) == belief
    assert belief.log_density(value) <= belief.log_density(median) == 0


@given(st.floats(0.0, 0.99), st.floats(1e-9, 10.0), st.floats(0.0, 0.99), st.floats(0.0, 0.99))
def test_what_is_farther_from_the_centre_is_never_believed_more(mean, sd, one, other):
    belief = read(f"momentum ~ normal({mean!r}, {sd!r})")
    near, far = sorted((one, other), key=lambda value: abs(value - mean))
    assert belief.log_density(far) <= belief.log_density(near)


def test_a_belief_that_is_much_too_sure_of_itself_is_not_beyond_overcoming():
    assert read("momentum ~ normal(0.9, 0.001)").log_density(0.0) > -20  # 900 deviations off


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lr", "write KEY ~ DENSITY"),
        ("lr ~ lognormal", "write KEY ~ DENSITY"),
        ("lrr ~ lognormal(1e-3, x3)", "Unknown parameter 'lrr'. Did you mean 'lr'?"),
        ("lr ~ lognorm(1e-3, x3)", "Unknown density 'lognorm'. Did you mean 'lognormal'?"),
        ("lr ~ lognormal(1e-3, 3)", "write lognormal(MEDIAN, xFACTOR)"),
        ("lr ~ lognormal(1e-3)", "write lognormal(MEDIAN, xFACTOR)"),
        ("lr ~ lognormal(nan, x3)", "with finite numbers"),
        ("lr ~ lognormal(1e-3, xinf)", "with finite numbers"),
        ("lr ~ lognormal(1e-3, x1)", "its factor must be above 1, not 1"),
        ("lr ~ lognormal(-1, x3)", "its median must be above 0, not -1"),
        ("lr ~ lognormal(3, x3)", "its median 3 is outside its range, 1e-05 to 1"),
        ("momentum ~ lognormal(0.5, x2)", "its range begins at 0"),
        ("momentum ~ normal(0.5, 0)", "its standard deviation must be above 0, not 0"),
        ("momentum ~ normal(0.5)", "write normal(MEAN, SD) with finite numbers"),
        ("momentum ~ normal(1, 1)", "its mean 1 is outside its range, 0 to 0.99"),
        ("layers ~ normal(9, 1)", "its mean 9 is outside its range, 1 to 8"),
        ("noise ~ normal(0, 1)", "no bounds"),
        ("lr ~ choice(a: 1)", "it is a number: use normal or lognormal"),
        ("optimizer ~ normal(1, 1)", "it is a choice: use choice(OPTION: WEIGHT, ...)"),
        ("optimizer ~ choice(adm: 3)", "Unknown option 'adm'. Did you mean 'adam'?"),
        ("optimizer ~ choice(adam: 0)", "the weight of adam must be above 0, not 0"),
        ("optimizer ~ choice(adam: nan)", "write choice(OPTION: WEIGHT, ...)"),
        ("optimizer ~ choice(adam)", "write choice(OPTION: WEIGHT, ...)"),
        ("optimizer ~ choice()", "write choice(OPTION: WEIGHT, ...)"),
        ("optimizer ~ choice(adam: 1, adam: 2)", "it names adam twice"),
    ],
)
def test_what_cannot_be_believed_is_refused_in_one_line_with_what_was_written(text, said):
    with pytest.raises(UserError) as told:
        read(text)
    assert said in str(told.value)
    assert text in str(told.value)
    assert "\n" not in str(told.value)


def test_two_beliefs_of_one_parameter_are_refused():
    with pytest.raises(UserError, match="two beliefs of 'lr'"):
        read_beliefs(["lr ~ lognormal(1e-3, x3)", "lr ~ normal(0.5, 0.1)"], DOMAINS)


def test_what_the_user_believes_takes_the_place_of_what_the_space_declares():
    declared = read_beliefs(["lr ~ lognormal(1e-3, x3)", "layers ~ normal(4, 2)"], DOMAINS)
    given = read_beliefs(["lr ~ lognormal(1e-2, x2)"], DOMAINS)
    assert together(declared, given) == (*given, declared[1])
