"""What the end of a study of series fits again, and what it does without."""

import numpy as np

from automl_on_ray.search_spaces.series import NEAREST, ROCKET
from automl_on_ray.studies.series_classes.finish import _Fits
from tests.trainables.series_classes.series_reports import series_set

QUICK = {**ROCKET, "rocket_kernels": 100}


def test_members_are_fitted_once_and_weighted():
    fits = _Fits(series_set(20), seed=0, threads=1)
    configs = {"a": QUICK, "b": NEAREST}
    one, other = fits.bagged({"a": 1.0}, configs), fits.bagged({"a": 0.25, "b": 0.75}, configs)
    assert one.members["a"].model is other.members["a"].model
    assert {trial: member.weight for trial, member in other.members.items()} == {
        "a": 0.25, "b": 0.75,
    }  # fmt: skip


def test_a_member_that_cannot_be_fitted_is_left_out_with_a_warning(capsys):
    data = series_set(20)
    fits = _Fits(data, seed=0, threads=1)
    odd = {**QUICK, "rocket_kernels": -1}
    found = fits.bagged({"a": 0.5, "odd": 0.5}, {"a": QUICK, "odd": odd})
    assert list(found.members) == ["a"]
    np.testing.assert_allclose(found.predict(data.test_values).sum(axis=1), 1)
    assert "odd could not be fitted to all training series" in "".join(capsys.readouterr())
    assert fits.bagged({"odd": 1.0}, {"odd": odd}) is None
