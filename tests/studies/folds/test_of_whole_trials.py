"""What studies by folds share: which trials are compared, and which spaces they take."""

import pytest
from ray import tune

from automl_on_ray.clusters import Resources
from automl_on_ray.search_spaces import SearchSpace, forecast, recommend, series, tables_all
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folds import check_models, of_whole_trials, search_by_folds
from automl_on_ray.studies.hpo import HpoSettings, prepare
from automl_on_ray.studies.trial_rows import Row

STEADY = "tests.helpers.crashing"
SPACES = {one.SPACE.name: one.SPACE for one in (forecast, recommend, series, tables_all)}


def row(steps, error=None, outcome="completed"):
    return Row("t", {}, {"val_x": 1.0}, outcome, steps, error)


def test_only_trials_that_did_all_folds_have_a_score():
    found = of_whole_trials([row(3), row(2)], 3, "Give more.")
    assert [one.metrics for one in found] == [{"val_x": 1.0}, {}]


def test_where_none_did_all_it_is_said_what_to_give(capsys):
    of_whole_trials([row(2)], 3, "Give more --minutes.")
    assert "No config did all 3 steps in time. Give more --minutes." in capsys.readouterr().out
    of_whole_trials([row(2), row(3)], 3, "Give more --minutes.")
    of_whole_trials([], 3, "Give more --minutes.")
    assert capsys.readouterr().out == ""


def test_an_error_is_a_limit_s_only_where_that_is_named():
    failed = row(1, "ray.TooLong: a fit", "failed")
    assert of_whole_trials([failed], 3, "")[0].outcome == "failed"
    assert of_whole_trials([failed], 3, "", ("TooLong",))[0].outcome == "limited"


def test_a_search_that_has_ended_is_read_from_the_studys_folder(tmp_path):
    asked = {"trainable": f"{STEADY}:Steady", "space": f"{STEADY}:SPACE", "objective": "score"}
    plan = prepare(HpoSettings(**asked, storage=str(tmp_path), name="ended"))
    rows = [row(3), row(1, "ValueError: no", "failed")]
    with plan.study as study:
        study.write_rows([one.as_dict() for one in rows])
        assert search_by_folds(plan, Resources(slots=1, cpus=1, gpus=0)) == rows


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_space_of_a_kind_s_own_models_is_taken(space):
    check_models(space, space)
    one = space.domains["model"].categories[0]
    check_models(SearchSpace("one", architecture={"model": one, "x": tune.uniform(0, 1)}), space)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize(
    ("varied", "said"),
    [
        ({"model": tune.choice(["oracle"])}, "model='oracle'"),
        ({"model": "oracle", "x": tune.uniform(0, 1)}, "model='oracle'"),
        ({"rate": tune.uniform(0, 1)}, "no model"),
    ],
)
def test_a_space_of_other_models_is_refused_before_its_trials_fail(space, varied, said):
    strange = SearchSpace("strange", architecture=varied)
    with pytest.raises(UserError, match=f"--space strange has {said}; here `model` is one of"):
        check_models(strange, space)
