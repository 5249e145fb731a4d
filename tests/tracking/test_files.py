"""Files that a journal holds, on their way to MLflow."""

import pytest

from automl_on_ray.tracking.files import as_json, log_file
from automl_on_ray.tracking.store import connect, default_uri


@pytest.mark.parametrize("content", ["text", b"bytes"])
def test_a_file_goes_to_the_artifacts_of_its_run_and_nowhere_else(tmp_path, content):
    folder = tmp_path / "a" / "b" / "runs"
    folder.mkdir(parents=True)
    client = connect(default_uri(folder))
    location = str(folder / "mlflow-artifacts")
    run = client.create_run(client.create_experiment("test", artifact_location=location))
    for name in (
        "../../../../evil",
        "/evil",
        "..",
        "",
        "a/../../evil",
        "a\0b",
        "C:\\evil",
        "a/b.c",
    ):
        log_file(client, run.info.run_id, name, as_json(content))
    files = [
        path for path in tmp_path.rglob("*") if path.is_file() and "mlflow.db" not in path.name
    ]
    assert [str(path.relative_to(run.info.artifact_uri)) for path in files] == ["a/b.c"]
