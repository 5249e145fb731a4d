import pytest
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking.store import check_tracking, default_uri


def test_an_mlflow_that_lacks_what_is_needed_is_refused_before_anything_is_stored(
    tmp_path, monkeypatch
):
    uri = default_uri(tmp_path / "runs")
    monkeypatch.delattr(ArtifactRepository, "_download_file")
    with pytest.raises(UserError, match=r"^mlflow \S+ does not fit .*_download_file"):
        check_tracking(uri)
    assert not list(tmp_path.iterdir())
