"""A .ts file says what its series are; what it cannot say is refused with its line."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.series_classes.ts_files import read_ts
from tests.trainables.series_classes.made_series import as_ts

NUMBERS = st.integers(-(10**6), 10**6).map(lambda n: n / 1000)


@given(
    st.integers(1, 3).flatmap(
        lambda channels: st.lists(
            st.integers(1, 6).flatmap(
                lambda length: st.lists(
                    st.lists(NUMBERS, min_size=length, max_size=length),
                    min_size=channels, max_size=channels,
                )
            ),
            min_size=1, max_size=4,
        )
    )
)  # fmt: skip
def test_what_was_written_is_read_again(given_series):
    series = [np.array(one) for one in given_series]
    labels = [f"class {place % 2}" for place in range(len(series))]
    read = read_ts(as_ts(series, labels), "own.ts")
    assert read.labels == tuple(labels)
    for one, other in zip(read.series, series, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_comments_and_headers_are_passed_over_and_missing_values_are_nan():
    read = read_ts("# by hand\n@missing true\n@classLabel true 1 2\n@data\n1,?,3:1\n", "own.ts")
    np.testing.assert_array_equal(read.series[0], [[1, np.nan, 3]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@data\n1,2,x:1\n", "Line 2 of own.ts has a value that is no number"),
        ("@data\n1,2,3\n", "Line 2 of own.ts has no colon"),
        ("@data\n1,2:1,2,3:1\n", "channels of unlike lengths"),
        ("1,2,3:1\n", "Line 1 of own.ts comes before a line @data"),
        ("@data\n", "own.ts has no series"),
        ("@timeStamps true\n@data\n", "time stamps"),
        ("@classLabel false\n@data\n1,2:1\n", "no class labels"),
        ("@targetLabel true\n@data\n1,2:0.5\n", "numbers to predict"),
    ],
)
def test_what_is_no_labelled_series_is_refused(text, said):
    with pytest.raises(UserError, match=said):
        read_ts(text, "own.ts")
