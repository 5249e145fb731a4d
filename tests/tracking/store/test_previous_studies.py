"""What can be learned from an earlier study's trials."""

import math

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking.store import earlier_study, earlier_trials
from tests.tracking.store.stored import store


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


def test_a_study_is_looked_for_without_making_a_database(tmp_path):
    with pytest.raises(UserError, match="no study 'mine'"):
        earlier_study(f"sqlite:///{tmp_path}/runs/mlflow.db", "mine")
    assert not list(tmp_path.iterdir())


def test_the_trials_that_are_the_work_of_one_config_with_their_curves(uri):
    study = store(
        uri, "earlier",
        [
            ({"x": 1}, [0.1, 0.2], {}),
            ({"x": 2}, [0.3], {"automl.outcome": "pruned"}),
            ({"x": 3}, [0.9], {"automl.outcome": "failed"}),
            ({"x": 4}, [0.9, math.nan], {}),
            ({"x": 5}, [0.9], {"pbt.generation": "1"}),
            ({"x": 6}, [], {}),
        ],
    )  # fmt: skip
    assert earlier_study(uri, "earlier") == study
    assert earlier_trials(uri, study, ["score"]) == [
        ({"x": 1}, {1: {"score": 0.1}, 2: {"score": 0.2}}),
        ({"x": 2}, {1: {"score": 0.3}}),
    ]
    assert earlier_trials(uri, study, ["loss"]) == []


def test_a_metric_that_was_not_reported_at_a_step_counts_as_it_was_last(uri):
    study = store(
        uri, "sparse",
        [
            ({"x": 1}, [{"score": 0.1}, {"cost": 5.0}, {"score": 0.3}, {"loss": 1.0}], {}),
            ({"x": 2}, [{"score": 0.1}, {"loss": 1.0}], {}),
        ],
    )  # fmt: skip
    assert earlier_trials(uri, study, ["score", "cost"]) == [
        (
            {"x": 1},
            {
                2: {"score": 0.1, "cost": 5.0},
                3: {"score": 0.3, "cost": 5.0},
                4: {"score": 0.3, "cost": 5.0},
            },
        )
    ]
    assert earlier_trials(uri, study, ["score"])[1] == (
        {"x": 2}, {1: {"score": 0.1}, 2: {"score": 0.1}}
    )  # fmt: skip


def test_replayed_trials_and_unknown_studies_teach_nothing(uri):
    replayed = store(uri, "replayed", [({"x": 1}, [0.1], {})], scheduler="replay")
    assert earlier_trials(uri, replayed, ["score"]) == []
    assert earlier_trials(uri, "gone", ["score"]) == []
    with pytest.raises(UserError, match="no study 'never'"):
        earlier_study(uri, "never")
