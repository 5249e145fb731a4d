import pytest
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from automl_on_ray.search_spaces.core import UserError
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


def test_so_it_is_where_a_first_study_is_to_make_one(tmp_path, other_mlflow):
    with pytest.raises(UserError, match=r"^mlflow \S+ does not fit .*_download_file"):
        check_tracking(default_uri(tmp_path))
