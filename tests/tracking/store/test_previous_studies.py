"""What a store tells of its studies in one query."""

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.tracking.store import EarlierData, earlier_studies, newest_of, space_keys
from tests.tracking.store.stored import store


def test_nothing_is_made_where_nothing_is_stored(tmp_path):
    uri = f"sqlite:///{tmp_path}/runs/mlflow.db"
    assert earlier_studies(uri) == []
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match=r"no study 'mine' in .* Nothing is stored there yet"):
        newest_of([], "mine", uri)


def test_a_study_that_was_tracked_is_found_with_all_that_a_later_one_asks(
    uri, tmp_path, make_study
):
    study = make_study(
        domains={"lr": {}, "width": {}}, trainable="own:Quadratic", subset=300, name="tracked"
    )
    tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "journal")
    tracker.setup()
    assert tracker.study_end("completed")
    (found,) = earlier_studies(uri)
    assert found.data == EarlierData("digits", "d1g35t", {"train": 1078, "classes": 10})
    assert (found.name, found.study_id, found.space, found.scheduler, found.trainable) == (
        "tracked", "study-1", "tiny", "asha", "own:Quadratic"
    )  # fmt: skip
    assert found.subset == "300"
    assert found.keys == {"lr", "width"}


def test_keys_that_no_tag_tells_are_in_the_studys_file(uri):
    store(uri, "older", [], domains=["lr"])
    store(uri, "oldest", [])
    older = newest_of(earlier_studies(uri), "older", uri)
    assert older.keys is None
    assert space_keys(uri, older) == {"lr"}
    assert space_keys(uri, newest_of(earlier_studies(uri), "oldest", uri)) == set()


def test_a_name_that_is_nearly_right_is_told(uri):
    store(uri, "mnist", [])
    with pytest.raises(UserError, match=r"no study 'mnst' .* Did you mean 'mnist'"):
        newest_of(earlier_studies(uri), "mnst", uri)
