"""A study's folder."""

import json
import os
import shutil

import pytest

from automl_on_ray.clusters import Storage
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folder import open_study

ASKED = {"trials": 3, "space": {"x": "uniform(0, 1)"}}


def test_the_same_question_finds_its_study_again(tmp_path):
    first = open_study(Storage(tmp_path), "a", ASKED, fresh=False)
    first.write_rows([{"trial_id": "t1"}])
    first.lock.release()
    again = open_study(Storage(tmp_path), "a", ASKED, fresh=False)
    assert again.searched
    assert again.study_id == first.study_id
    assert again.read_rows() == [{"trial_id": "t1"}]


def test_a_changed_space_is_refused_and_named(tmp_path):
    open_study(Storage(tmp_path), "a", ASKED, fresh=False).lock.release()
    changed = {**ASKED, "space": {"x": "uniform(0, 2)"}}
    with pytest.raises(UserError, match=r"begun with space 'x' = 'uniform\(0, 1\)'"):
        open_study(Storage(tmp_path), "a", changed, fresh=False)
    assert json.loads((tmp_path / "a" / "study.json").read_text())["asked"] == ASKED


def test_fresh_begins_anew_and_deletes_nothing(tmp_path):
    old = open_study(Storage(tmp_path), "a", ASKED, fresh=False)
    old.lock.release()
    new = open_study(Storage(tmp_path), "a", {"trials": 9}, fresh=True)
    assert new.study_id != old.study_id
    aside = [path for path in tmp_path.iterdir() if path.name != "a"]
    assert [json.loads((p / "study.json").read_text())["asked"] for p in aside] == [ASKED]


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
