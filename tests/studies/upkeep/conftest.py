"""Studies of two machines in one bucket."""

import pytest

from automl_on_ray.clusters import find_storage
from automl_on_ray.studies.folder import open_study, write_json
from automl_on_ray.studies.results import SUMMARY
from tests.bucket import Bucket

ROWS = [{"trial_id": t, "outcome": "completed", "metrics": {"score": 0.5}} for t in ("a", "b")]


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with Bucket("kept") as bucket:
        yield bucket


@pytest.fixture
def on_another_machine(bucket, tmp_path, monkeypatch):
    """Begins a study there, or goes on with it, and ends it if it is to be `ended`."""

    def begin(name, *, trials=2, ended=False):
        with monkeypatch.context() as patch:
            patch.setenv("XDG_DATA_HOME", str(tmp_path / "there"))
            storage = find_storage(f"s3://{bucket.name}/runs")
            storage.fetch(name)
            asked = {"trials": trials}
            with open_study(storage, name, asked, fresh=False, may_grow=["trials"]) as study:
                if ended:
                    study.write_rows(ROWS)
                    write_json(study.path / SUMMARY, {"best": "a", "values": {"score": 0.5}})
        return f"s3://{bucket.name}/runs"

    return begin
