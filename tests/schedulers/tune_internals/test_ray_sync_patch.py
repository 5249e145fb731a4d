"""What Ray copies of an experiment: all that has changed, and nothing else."""

import copy
import os

import cloudpickle
import pyarrow.fs
import pytest
from hypothesis import given, settings, strategies as st
from ray import tune
from ray.train._internal.storage import _FilesystemSyncer

from automl_on_ray.clusters import Stage
from automl_on_ray.schedulers.tune_internals import Sent, changes_only, upload
from automl_on_ray.studies import run_config
from tests.bucket import Bucket
from tests.schedulers.populations.growing import SPACE, Growing

NAMES = ["state.json", "one/result.json", "one/params.pkl", "two/result.json"]
HERE = pyarrow.fs.LocalFileSystem()


def held(folder):
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@settings(max_examples=30, deadline=None)
@given(writes=st.lists(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=9)), max_size=6))
def test_after_each_copy_the_target_holds_what_the_folder_does(tmp_path_factory, writes):
    root = tmp_path_factory.mktemp("syncing")
    folder, target, sent = root / "here", root / "there", {}
    for moment, files in enumerate(writes):
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
            os.utime(folder / name, (moment, moment))
        upload(folder, HERE, str(target), sent)
        assert held(target) == held(folder)


def test_what_has_not_changed_is_not_copied_again(tmp_path):
    folder, target, sent = tmp_path / "here", tmp_path / "there", {}
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("1")
    upload(folder, HERE, str(target), sent)
    for name in NAMES:
        (target / name).unlink()
    (folder / "one" / "result.json").write_text("1\n2")
    upload(folder, HERE, str(target), sent)
    assert held(target) == {"one/result.json": b"1\n2"}


def test_what_was_sent_is_not_copied_with_a_storage_that_each_trial_gets():
    sent = Sent({"one/result.json": (1, 2)})
    assert copy.deepcopy({"sent": sent}) == {"sent": {}}
    assert cloudpickle.loads(cloudpickle.dumps(sent)) == {}


def test_what_could_not_be_copied_is_tried_again(tmp_path):
    folder, target, sent = tmp_path / "here", tmp_path / "there", {}
    folder.mkdir()
    (folder / "state.json").write_text("1")
    (target / "state.json").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        upload(folder, HERE, str(target), sent)
    (target / "state.json").rmdir()
    upload(folder, HERE, str(target), sent)
    assert held(target) == {"state.json": b"1"}


def test_a_file_that_goes_while_it_is_looked_for_keeps_no_other_from_being_sent(tmp_path):
    folder, target = tmp_path / "here", tmp_path / "there"
    folder.mkdir()
    for number in range(8):
        (folder / f"gone {number}").symlink_to("nowhere")
        (folder / f"here {number}").write_text("1")
    upload(folder, HERE, str(target), {})
    assert held(target) == {f"here {number}": b"1" for number in range(8)}


def test_ray_copies_folders_as_we_do_within_the_block_and_all_else_as_it_does(tmp_path):
    syncer = _FilesystemSyncer(storage_filesystem=HERE)
    other = _FilesystemSyncer(storage_filesystem=HERE)
    (tmp_path / "file").touch()
    with changes_only():
        command, words = syncer._sync_up_command(str(tmp_path), "there")
        assert (command, words["folder"]) == (upload, tmp_path)
        assert (words["files"], words["target"]) == (HERE, "there")
        assert syncer._sync_up_command(str(tmp_path), "there")[1]["sent"] is words["sent"]
        assert other._sync_up_command(str(tmp_path), "there")[1]["sent"] is not words["sent"]
        for asked in ((str(tmp_path), "there", ["*.pkl"]), (str(tmp_path / "file"), "there")):
            command, words = syncer._sync_up_command(*asked)
            assert (command is not upload, words["fs_path"]) == (True, "there")
    assert syncer._sync_up_command(str(tmp_path), "there")[0] is not upload


def test_an_experiment_in_a_bucket_is_there_as_a_whole_and_ray_is_left_as_it_was(
    ray_cluster, tmp_path
):
    with Bucket("syncing") as bucket:
        stage = Stage(tmp_path / "study", "s3://syncing/study")
        tuner = tune.Tuner(
            Growing, param_space=SPACE.constants | {"rate": 0.1, "kind": "b", "width": 8},
            run_config=run_config(stage, []),
        )  # fmt: skip
        with changes_only():
            (trial,) = tuner.fit()._experiment_analysis.trials
        staged = held(type(tmp_path)(trial.storage.experiment_driver_staging_path))
        assert any(name.endswith("/result.json") for name in staged)
        for name, data in staged.items():
            found = bucket.client.get_object(Bucket="syncing", Key=f"study/{name}")
            assert found["Body"].read() == data
        asked = trial.storage.syncer._sync_up_command(str(tmp_path), "syncing/study")
        assert asked[0] is not upload
