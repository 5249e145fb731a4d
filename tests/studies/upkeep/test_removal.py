"""What is removed of a study that is kept in a bucket."""

import json
import shutil

import pytest
from mlflow.tracking import MlflowClient

from automl_on_ray.clusters import Storage, find_storage
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folder import open_study
from automl_on_ray.studies.upkeep import plan_removal


def keys(bucket):
    found = bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", [])
    return {each["Key"] for each in found}


def test_its_copy_in_a_bucket_goes_with_it_and_no_other_studys(bucket):
    uri = f"s3://{bucket.name}/runs"
    storage = find_storage(uri)
    for name in ("gone", "gone-2"):
        with open_study(storage, name, {"seed": 1}, fresh=False) as study:
            assert json.loads((study.path / "study.json").read_text())["asked"] == {"seed": 1}
    removal = plan_removal("gone", uri, None)
    assert f"its copy in {uri}, with all checkpoints" in removal.lines()
    removal.carry_out()
    assert not (storage.local / "gone").exists()
    assert {key.split("/")[1] for key in keys(bucket) if key.endswith("study.json")} == {"gone-2"}
    with pytest.raises(UserError, match="No study 'gone'"):
        plan_removal("gone", uri, None)


def test_a_study_that_runs_is_not_removed(tmp_path):
    with open_study(find_storage(str(tmp_path)), "busy", {}, fresh=False) as study:
        with pytest.raises(UserError, match="'busy' is running"):
            plan_removal("busy", str(tmp_path), None)
        assert (study.path / "study.json").exists()


def test_one_that_has_begun_to_run_meanwhile_is_not_removed_either(tmp_path):
    with open_study(find_storage(str(tmp_path)), "late", {}, fresh=False):
        pass
    removal = plan_removal("late", str(tmp_path), None)
    with open_study(find_storage(str(tmp_path)), "late", {}, fresh=False):
        with pytest.raises(UserError, match="'late' is running"):
            removal.carry_out()
        assert (tmp_path / "late" / "study.json").exists()


def test_a_bucket_s_copy_that_another_machine_may_be_at_work_on_is_not_removed(
    bucket, on_another_machine
):
    uri = on_another_machine("theirs")
    before = keys(bucket)
    with pytest.raises(UserError, match="another machine was the last to write it"):
        plan_removal("theirs", uri, None)
    with open_study(find_storage(uri), "ours", {"trials": 2}, fresh=False):
        pass
    removal = plan_removal("ours", uri, None)
    on_another_machine("ours")  # in the meantime
    taken = keys(bucket)
    with pytest.raises(UserError, match="another machine was the last to write it"):
        removal.carry_out()
    assert keys(bucket) == taken > before
    on_another_machine("theirs", ended=True)
    on_another_machine("theirs", trials=3)  # it goes on
    with pytest.raises(UserError, match="another machine was the last to write it"):
        plan_removal("theirs", uri, None)
    on_another_machine("theirs", trials=3, ended=True)
    removal = plan_removal("theirs", uri, None)
    assert removal.lines() == [f"its copy in {uri}, with all checkpoints"]
    removal.carry_out()
    assert not [key for key in keys(bucket) if key.startswith("runs/theirs/") and key[-1] != "/"]


def test_runs_are_looked_for_where_the_study_began_them_though_it_has_not_ended(template, tmp_path):
    shutil.copy(template, tmp_path / "mine.db")
    uri, storage = f"sqlite:///{tmp_path}/mine.db", Storage(tmp_path / "runs")
    with open_study(storage, "cut", {}, fresh=False, tracking_uri=uri) as study:
        client = MlflowClient(uri)
        run = client.create_run("0", tags={"automl.study_id": study.study_id})
    assert plan_removal("cut", str(storage.local), None).runs == (run.info.run_id,)
    with open_study(storage, "cut", {}, fresh=False):  # its next session keeps them beside it
        pass
    assert plan_removal("cut", str(storage.local), None).runs == ()
