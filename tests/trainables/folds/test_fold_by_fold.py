"""A trial fits its config fold by fold, reports means so far, and goes on as if never stopped."""

from typing import TypedDict

import numpy as np
import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.folds import FoldByFold, Judged, read_folds

SPACE = SearchSpace("slopes", training={"slope": tune.uniform(0, 3)}, start={"slope": 1.0})
TRUE = [1.0, 1.5, 2.0]


class Keywords(TypedDict, total=False):
    seed: int


class Slopes(FoldByFold):
    """The error of a slope on three folds; of the last one there is no `rare`."""

    @classmethod
    def data_keywords(cls):
        return Keywords

    @classmethod
    def read_data(cls, keywords):
        return TRUE

    def folds(self):
        return len(self.data)

    def judge(self, fold):
        true = 3.0 if fold is None else self.data[fold]
        error = abs(self.member["slope"] - true)
        rare = {} if fold == 2 else {"rare": 1.0}
        return Judged({"error": error, **rare}, {"made": np.full(2, error)}, predict_seconds=0.5)


def trial(**keywords):
    given = {"space": SPACE, "slope": 1.0, **keywords}
    slope = given.pop("slope")
    return tune.with_parameters(Slopes, **given)(config={"slope": slope})


def test_a_step_is_a_fold_and_reports_the_mean_of_those_so_far():
    one = trial()
    reports = [one.step() for _ in TRUE]
    assert [report["val_error"] for report in reports] == pytest.approx([0.0, 0.25, 0.5])
    assert [report["done"] for report in reports] == [False, False, True]
    assert {report["predict_seconds"] for report in reports} == {0.5}


def test_what_one_fold_lacks_is_reported_no_more():
    one = trial()
    assert ["val_rare" in one.step() for _ in TRUE] == [True, True, False]


def test_a_final_trial_has_one_step_and_reports_the_test_part():
    report = trial(final=True).step()
    assert (report["test_error"], report["done"]) == (2.0, True)


def test_a_trial_that_was_stopped_goes_on_as_if_it_had_not(tmp_path):
    one = trial()
    one.step()
    one.save_checkpoint(str(tmp_path))
    other = trial()
    other.load_checkpoint(str(tmp_path))
    expected = [one.step()["val_error"] for _ in TRUE[1:]]
    assert [other.step()["val_error"] for _ in TRUE[1:]] == expected
    other.save_checkpoint(str(tmp_path))
    done = read_folds(tmp_path)
    assert [arrays["made"][0] for arrays in done.arrays] == [0.0, 0.5, 1.0]


def test_another_config_begins_with_the_first_fold():
    one = trial()
    one.step()
    assert one.reset_config({"slope": 2.0})
    assert one.step()["val_error"] == 1.0


def test_the_config_s_own_seed_comes_before_the_study_s():
    one = tune.with_parameters(Slopes, space=SPACE, seed=3)(config={"slope": 1.0, "seed": 7})
    assert one.fit_seed == 7
    assert trial(seed=3).fit_seed == 3


def test_a_config_that_is_no_member_and_a_keyword_that_is_unknown_are_refused():
    with pytest.raises(UserError, match="slope"):
        trial(slope=5.0)
    with pytest.raises(TypeError, match="horizon"):
        trial(horizon=3)
