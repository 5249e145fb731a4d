"""A study's folder."""

import json
import os
import shutil
from types import SimpleNamespace

import pytest

from automl_on_ray.clusters import STAMP, Stage, Storage
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folder import open_study
from automl_on_ray.studies.results import SUMMARY, read_summary

ASKED = {"trials": 3, "space": {"x": "uniform(0, 1)"}}


def test_the_same_question_finds_its_study_again(tmp_path):
    storage = Storage(tmp_path / "new" / "runs")
    with open_study(storage, "a", ASKED, fresh=False) as first:
        assert not first.searched
        first.write_rows([{"trial_id": "t1"}])
    again = open_study(storage, "a", ASKED, fresh=False)
    assert again.searched
    assert again.lock.is_locked
    assert json.loads((again.path / "study.json").read_text())["format"] == 4  # as users have
    assert again.study_id == first.study_id
    assert again.read_rows() == [{"trial_id": "t1"}]


def test_a_changed_space_is_refused_and_named(tmp_path):
    open_study(Storage(tmp_path), "a", ASKED, fresh=False).lock.release()
    changed = {**ASKED, "space": {"x": "uniform(0, 2)"}}
    with pytest.raises(UserError, match=r"begun with space 'x' = 'uniform\(0, 1\)'"):
        open_study(Storage(tmp_path), "a", changed, fresh=False)
    with pytest.raises(UserError, match=r"under another name\) or so\.") as refused:
        open_study(Storage(tmp_path), "a", changed, fresh=False, hint=" or so")
    assert open_study(Storage(tmp_path), "a", ASKED, fresh=False).lock.is_locked
    assert refused.value.__traceback__  # what it holds keeps the study from nobody
    assert json.loads((tmp_path / "a" / "study.json").read_text())["asked"] == ASKED


def test_fresh_begins_anew_and_deletes_nothing(tmp_path):
    old = open_study(Storage(tmp_path), "a", ASKED, fresh=False)
    (old.path / STAMP).write_text("of the bucket")
    old.lock.release()
    new = open_study(Storage(tmp_path), "a", {"trials": 9}, fresh=True)
    assert new.study_id != old.study_id
    assert (new.path / STAMP).read_text() == "of the bucket"  # whose place there it takes
    aside = [path for path in tmp_path.iterdir() if path.name != "a"]
    assert [json.loads((p / "study.json").read_text())["asked"] for p in aside] == [ASKED]


def test_a_search_that_may_get_more_trials_is_open_again(tmp_path):
    for trials, summary in ((3, True), (5, False), (7, False)):
        asked = {"trials": trials, "epochs": 2}
        with open_study(
            Storage(tmp_path), "a", asked, fresh=False, may_grow=("epochs", "trials")
        ) as study:
            stored = json.loads((study.path / "study.json").read_text())
            assert (study.searched, stored["searched"], stored["asked"]) == (False, False, asked)
            assert read_summary(study.path) is None
            study.write_rows([])
            if summary:
                (study.path / SUMMARY).write_text("{}")


def test_a_study_goes_on_with_states_of_others_only_where_these_are_trusted(tmp_path):
    open_study(Storage(tmp_path), "a", ASKED, fresh=False).lock.release()
    (tmp_path / "a" / "search" / "kept").mkdir(parents=True)
    with pytest.raises(UserError, match="--trust-storage"):
        open_study(Storage(tmp_path), "a", ASKED, fresh=False)
    with open_study(Storage(tmp_path), "a", ASKED, fresh=False, trusted=True) as study:
        assert study.stage("search") == Stage(tmp_path / "a" / "search", "", trusted=True)


def test_a_key_that_cannot_be_kept_is_told_before_anything_is_made(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUTOML_KEY_FILE", str(tmp_path / "file" / "key"))
    with pytest.raises(UserError, match="cannot be kept"):
        open_study(Storage(tmp_path / "runs"), "a", ASKED, fresh=False)
    assert not (tmp_path / "runs").exists()


class Copying:
    """What copies a study to its bucket, as far as a study looks at it."""

    overtaken = False

    def start(self, study_id):
        self.started = study_id

    def close(self):
        self.closed = True


def test_a_study_in_a_bucket_is_copied_and_ends_where_another_machine_goes_on_with_it(tmp_path):
    mirror = Copying()
    storage = SimpleNamespace(local=tmp_path, uri="s3://bucket/runs", mirror=lambda name: mirror)
    study = open_study(storage, "a", ASKED, fresh=False)
    assert mirror.started == study.study_id
    home = f"s3://bucket/runs/a/{study.study_id}"
    assert study.stage("search") == Stage(tmp_path / "a" / "search", f"{home}/search")
    mirror.overtaken = True
    with pytest.raises(UserError, match="resumed on another machine"):
        study.stage("search")
    with pytest.raises(UserError, match="resumed on another machine"), study:
        pass
    assert mirror.closed
    assert not study.lock.is_locked


def test_two_processes_cannot_run_one_study(tmp_path):
    running = open_study(Storage(tmp_path), "a", ASKED, fresh=False)
    assert running.lock.is_locked
    with pytest.raises(UserError, match="running in another process"):
        open_study(Storage(tmp_path), "a", ASKED, fresh=False)


def test_unwritable_storage_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written to"):
        open_study(Storage(tmp_path / "file"), "a", ASKED, fresh=False)


@pytest.mark.parametrize("written_in", [None, 2])  # before one package, before its rooms
def test_a_study_of_an_earlier_version_is_refused_and_kept(tmp_path, written_in):
    open_study(Storage(tmp_path), "a", ASKED, fresh=False).lock.release()
    manifest = tmp_path / "a" / "study.json"
    earlier = json.loads(manifest.read_text())
    del earlier["format"]
    earlier |= {"format": written_in} if written_in else {}
    manifest.write_text(json.dumps(earlier))
    with pytest.raises(UserError, match=rf"another version.*format {written_in or 1}.*--fresh"):
        open_study(Storage(tmp_path), "a", ASKED, fresh=False)
    assert json.loads(manifest.read_text()) == earlier


def test_a_torn_manifest_is_named_and_kept(tmp_path):
    open_study(Storage(tmp_path), "a", ASKED, fresh=False).lock.release()
    manifest = tmp_path / "a" / "study.json"
    os.truncate(manifest, 10)
    with pytest.raises(UserError, match="--fresh puts it aside"):
        open_study(Storage(tmp_path), "a", ASKED, fresh=False)
    assert manifest.stat().st_size == 10


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden"])
def test_a_name_must_be_a_folders_name(tmp_path, name):
    with pytest.raises(UserError, match="--name"):
        open_study(Storage(tmp_path), name, ASKED, fresh=False)


@pytest.mark.parametrize(
    "stored",
    ['{"study_id": "../../evil", "searched": false, "asked": {}}', "[]", "{}", "3",
     '{"study_id": "a\' OR 1", "searched": false, "asked": {}}',
     '{"study_id": ["a"], "searched": false, "asked": {}}',
     '{"study_id": "a", "searched": false, "asked": 3}'],
)  # fmt: skip
def test_a_manifest_of_anything_else_is_one_line(tmp_path, stored):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "study.json").write_text(stored)
    with pytest.raises(UserError, match=r"study\.json"):
        open_study(Storage(tmp_path), "a", ASKED, fresh=False)


def test_no_trials_id_leads_a_stage_out_of_the_studys_folder(tmp_path):
    with open_study(Storage(tmp_path), "a", ASKED, fresh=False) as study:
        with pytest.raises(UserError, match="without slashes"):
            study.stage("final", "../../../evil-3x4")
        assert study.stage("final", "a_00001-3x4").folder == tmp_path / "a" / "final/a_00001-3x4"


@pytest.mark.parametrize(
    "place", [".lock", "study.tmp", "journal", "search/kept.new", "search", "final/a-1x1/a.new"]
)
def test_no_link_in_a_studys_folder_is_written_through(tmp_path, place):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "precious").write_text("mine")
    link = tmp_path / "runs" / "a" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "home" / ("precious" if "." in link.name else ""))
    with pytest.raises(UserError, match="is a link"):
        open_study(Storage(tmp_path / "runs"), "a", ASKED, fresh=False)
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["precious"]
    assert (tmp_path / "home" / "precious").read_text() == "mine"


def test_a_storage_may_be_a_link_itself(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    open_study(Storage(tmp_path / "runs"), "a", ASKED, fresh=False).lock.release()
    assert (tmp_path / "disk" / "a" / "study.json").exists()


def test_a_folder_that_was_removed_in_the_middle_counts_as_nothing_done(tmp_path):
    study = open_study(Storage(tmp_path), "mine", {"trials": 3}, fresh=False)
    shutil.rmtree(study.path)
    with pytest.raises(UserError, match="removed while the study ran"):
        study.write_rows([])
    study.lock.release()
    (tmp_path / "mine" / "search").mkdir(parents=True)  # what Ray then writes
    (tmp_path / "mine" / "search" / "experiment_state-1.json").write_text("{}")
    again = open_study(Storage(tmp_path), "mine", {"trials": 3}, fresh=False)
    assert not (again.path / "search").exists()
    assert len(list(tmp_path.glob("mine-*/search/*.json"))) == 1
