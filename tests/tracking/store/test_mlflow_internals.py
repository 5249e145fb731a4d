import pytest
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.tracking.store import check_tracking, connect, default_uri


@pytest.fixture
def other_mlflow(monkeypatch):
    monkeypatch.delattr(ArtifactRepository, "_download_file")


def test_an_mlflow_that_lacks_what_is_needed_is_refused_with_the_store(tmp_path, other_mlflow):
    uri = default_uri(tmp_path / "runs")
    (tmp_path / "runs").mkdir()
    with pytest.raises(UserError, match=r"^mlflow \S+ does not fit .*_download_file"):
        connect(uri)
    assert not list((tmp_path / "runs").iterdir())


def test_so_it_is_before_a_first_study_has_made_one(tmp_path, make_study, other_mlflow):
    check_tracking(default_uri(tmp_path))  # there is nothing to ask yet
    tracker = TrackingCallback(
        uri=default_uri(tmp_path), experiment="e", study=make_study(), folder=tmp_path / "journal"
    )
    with pytest.raises(UserError, match=r"^mlflow \S+ does not fit .*_download_file"), tracker:
        raise AssertionError("the study began")
