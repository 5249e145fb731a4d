"""What counts as a number among reported values."""

import datetime
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays, scalar_dtypes

from automl_on_ray.search_spaces.core import as_number, finite

HALVES = [
    0.5, np.float16(0.5), np.float64(0.5), np.longdouble(0.5), np.array(0.5), np.array([[0.5]]),
    np.array([Fraction(1, 2)], dtype=object), np.ma.array([0.5]), Decimal("0.5"), Fraction(1, 2),
    torch.tensor(0.5), torch.tensor([[0.5]], dtype=torch.bfloat16), torch.nn.Parameter(
        torch.tensor([0.5])), torch.tensor(0.25, requires_grad=True) * 2, pd.Series([0.5]),
]  # fmt: skip


@pytest.mark.parametrize("value", HALVES, ids=lambda value: type(value).__name__)
def test_a_number_is_one_in_whatever_it_comes(value):
    assert as_number(value) == finite(value) == 0.5
    assert type(as_number(value)) is float


@pytest.mark.parametrize(
    "value",
    [True, np.True_, torch.tensor(True), "0.9", np.str_("0.9"), b"1", None, 1j, np.complex64(1),
     torch.tensor(1j), [0.5], (0.5,), {"x": 0.5}, np.array([]), np.ones(2), torch.ones(2),
     np.array(["1"]), np.ma.masked, np.ma.array([1.0], mask=[True]), np.datetime64("2020", "ns"),
     np.timedelta64(5, "ns"), datetime.timedelta(1), pd.NA, pd.NaT, float, np.float64, object(),
     Decimal("sNaN")],
    
)  # fmt: skip
def test_flags_text_dates_and_several_values_are_no_number(value):
    assert as_number(value) is None
    assert finite(value) is None


def test_what_no_float_can_hold_is_infinite_and_what_diverged_says_so():
    assert as_number(10**400) == as_number(Fraction(10**400)) == math.inf
    assert as_number(-(10**400)) == -math.inf
    assert as_number(torch.tensor(-math.inf)) == -math.inf
    assert math.isnan(as_number(np.array([math.nan])))
    for value in (10**400, math.nan, np.float32(math.inf), torch.tensor(math.nan)):
        assert finite(value) is None


@given(st.integers() | st.floats(allow_nan=False) | st.fractions() | st.decimals(allow_nan=False))
def test_pythons_numbers_are_as_python_has_them(value):
    assert as_number(value) == float(value)


@given(arrays(scalar_dtypes(), st.sampled_from([(), (1,), (1, 1), (0,), (3,)])))
def test_arrays_are_numbers_by_their_one_element_or_not_at_all(array):
    if array.size == 1:
        assert repr(as_number(array)) == repr(as_number(array.flat[0]))
    else:
        assert as_number(array) is None
