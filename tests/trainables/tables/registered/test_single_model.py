"""One pipeline, fitted on all training rows."""

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from automl_on_ray.trainables.tables import LINEAR_CONFIG, FitTooLong, refit, single
from tests.trainables.tables.fitted_tables import ames, ames_frame, attrition, attrition_frame


def test_a_config_is_fitted_again_on_all_rows_and_takes_raw_ones():
    table = attrition()
    model = single(table, "t_1", refit(table, LINEAR_CONFIG, seed=1))
    told = model.predict(table.test_features)
    assert roc_auc_score(table.test_answers, told[:, 1]) > 0.75
    assert model.predict(attrition_frame().head(3)).shape == (3, 2)
    (member,) = model.members.values()
    assert member[0] == 1.0
    assert len(member[1]) == 1


def test_a_regression_too_and_equal_seeds_give_equal_models():
    table = ames()
    one, two = (single(table, "t", refit(table, LINEAR_CONFIG, seed=3)) for _ in range(2))
    told = one.predict(ames_frame())
    np.testing.assert_array_equal(told, two.predict(ames_frame()))
    assert r2_score(table.test_answers, one.predict(table.test_features)) > 0.6


def test_a_fit_that_takes_too_long_is_ended_by_name():
    with pytest.raises(FitTooLong, match="The fit of linear took longer than its limit of 0"):
        refit(attrition(), LINEAR_CONFIG, time_limit=0.0)
