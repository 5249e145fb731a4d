"""How work and memory of a hypergradient grow with the steps and the hyperparameters."""

import pytest

from benchmarks.hypergradients.costs import ESTIMATORS, PRODUCTS, costs, draw, table

FEW, MORE, MOST = COUNTS = (2, 3, 5)


@pytest.fixture(scope="module")
def found():
    return costs(COUNTS, FEW)


def by_steps(found, estimator):
    return [found[estimator, steps, FEW] for steps in COUNTS]


def by_groups(found, estimator):
    return [found[estimator, FEW, groups] for groups in COUNTS]


def is_linear(few, more, most):
    """The same for each further one, and a share of it that counts."""
    of_one = (more - few) / (MORE - FEW)
    return (most - more) / (MOST - MORE) == pytest.approx(of_one, rel=0.05) and of_one > few / 10


def test_the_graph_of_reverse_mode_grows_by_the_same_with_each_step(found):
    assert is_linear(*(cost.memory for cost in by_steps(found, "reverse")))


def test_with_checkpoints_it_does_not_grow_at_all(found):
    few, *others = (cost.memory for cost in by_steps(found, "reverse, checkpointed"))
    assert others == pytest.approx([few, few], rel=0.01)
    assert few < by_steps(found, "reverse")[0].memory


@pytest.mark.parametrize("estimator", ["reverse", "reverse, checkpointed", "forward"])
def test_what_goes_through_the_steps_has_work_in_each(found, estimator):
    assert is_linear(*(cost.work for cost in by_steps(found, estimator)))


def test_checkpoints_cost_one_more_step_for_each(found):
    plain, checkpointed = (by_steps(found, name) for name in ("reverse", "reverse, checkpointed"))
    more = [one.work - other.work for one, other in zip(checkpointed, plain, strict=True)]
    assert more[1] - more[0] == pytest.approx(MORE - FEW, rel=0.01)
    assert more[2] - more[1] == pytest.approx(MOST - MORE, rel=0.01)


def test_forward_mode_grows_with_each_hyperparameter_and_not_in_memory_with_steps(found):
    assert is_linear(*(cost.work for cost in by_groups(found, "forward")))
    assert is_linear(*(cost.memory for cost in by_groups(found, "forward")))
    assert len({cost.memory for cost in by_steps(found, "forward")}) == 1


@pytest.mark.parametrize("estimator", sorted(set(ESTIMATORS) - {"forward"}))
def test_others_do_not_notice_how_many_hyperparameters_there_are(found, estimator):
    first, *others = by_groups(found, estimator)
    assert [cost.work for cost in others] == pytest.approx([first.work] * 2, rel=0.01)
    assert [cost.memory for cost in others] == pytest.approx([first.memory] * 2, rel=0.01)


def test_implicit_differentiation_is_the_same_after_however_many_steps(found):
    first, *others = by_steps(found, "implicit")
    assert [cost.work for cost in others] == pytest.approx([first.work] * 2, rel=0.01)
    assert [cost.memory for cost in others] == pytest.approx([first.memory] * 2, rel=0.01)


def test_only_implicit_differentiation_needs_products_and_as_many_as_said(found):
    for (estimator, *_), cost in found.items():
        assert cost.products == (PRODUCTS if estimator == "implicit" else 0)


def test_the_table_has_a_row_for_each_and_the_plot_is_drawn(found, tmp_path):
    rows = [line for line in table(found, COUNTS, FEW).splitlines() if " / " in line]
    assert [row.split("|")[1].strip() for row in rows] == [*ESTIMATORS] * 2
    cost = found["reverse", FEW, FEW]
    assert rows[0].split("|")[2].strip() == f"{cost.work:.1f} / {cost.memory / 1e6:.2f}"
    draw(found, COUNTS, FEW, tmp_path / "costs.png")
    assert (tmp_path / "costs.png").read_bytes().startswith(b"\x89PNG")
