"""Values go to raw ones and back, and never leave their bounds."""

import torch
from hypothesis import given, strategies as st

from automl_on_ray.trainables.hypergradients import Log, Logit

TRANSFORMS = st.one_of(
    st.builds(Log, st.floats(1e-8, 1e-3), st.floats(1e-2, 10)),
    st.builds(Logit, st.floats(-1, 0), st.floats(0.5, 2)),
)


@given(TRANSFORMS, st.floats(0.01, 0.99))
def test_a_value_is_found_again(transform, share):
    value = torch.tensor(transform.low + share * (transform.high - transform.low)).double()
    assert torch.isclose(transform.value(transform.raw(value)), value, rtol=1e-9)


@given(TRANSFORMS, st.floats(-1e3, 1e3))
def test_what_is_clamped_stays_within_the_bounds_and_can_move(transform, start):
    raw = transform.clamped(torch.tensor(start).double()).requires_grad_()
    value = transform.value(raw)
    assert transform.low * (1 - 1e-9) <= value <= transform.high * (1 + 1e-9)
    (slope,) = torch.autograd.grad(value, raw)
    assert slope > 1e-12


@given(TRANSFORMS, st.sampled_from([-1e30, -5.0, 0.0, 1e30]))
def test_what_is_out_of_bounds_becomes_the_nearest(transform, value):
    raw = transform.raw(torch.tensor(value).double())
    assert torch.isfinite(raw)
    assert torch.equal(transform.clamped(raw), raw)
