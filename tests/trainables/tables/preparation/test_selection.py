"""The columns that say most are kept."""

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.trainables.tables.preparation import Selection

GENERATOR = np.random.default_rng(0)
FRAME = pd.DataFrame(GENERATOR.normal(size=(300, 8)), columns=list("abcdefgh"))
FRAME.loc[::9, "a"] = np.nan


@pytest.mark.parametrize("by", ["mutual_information", "importance"])
@pytest.mark.parametrize("regression", [True, False])
def test_columns_that_tell_the_answers_are_kept_in_their_order(by, regression):
    answers = (FRAME["g"] - FRAME["c"]).to_numpy()
    answers = answers if regression else (answers > 0).astype(int)
    made = Selection(by, 0.25, regression=regression, seed=0).fit(FRAME, answers).transform(FRAME)
    assert list(made) == ["c", "g"]


def test_one_column_is_always_kept():
    made = Selection("importance", 0.01, regression=True, seed=0).fit(FRAME, FRAME["b"].to_numpy())
    assert list(made.transform(FRAME)) == ["b"]
