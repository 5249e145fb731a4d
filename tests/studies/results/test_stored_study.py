"""A study as its folder tells it: its state, its best, its files. What is torn is one line."""

import json
import os
from dataclasses import replace

import pytest

from automl_on_ray.clusters import Storage, is_running
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folder import open_study
from automl_on_ray.studies.results import (
    SUMMARY,
    StopRequests,
    Summary,
    read_study,
    read_summary,
    stored_names,
    trial_folders,
)
from automl_on_ray.studies.upkeep import show
from tests.helpers.recorded import recorded, stored


def begun(folder, name):
    with open_study(Storage(folder), name, {"seed": 1}, fresh=False) as study:
        return study


def test_a_studys_state_is_what_its_folder_holds(tmp_path):
    study = begun(tmp_path, "mine")
    assert read_study("mine", tmp_path).state == "stopped"
    with open_study(Storage(tmp_path), "mine", {"seed": 1}, fresh=False):
        assert is_running(study.path)
        assert read_study("mine", tmp_path).state == "running"
    study.write_rows([])
    found = read_study("mine", tmp_path)
    assert (found.state, found.name, found.asked) == ("searched", "mine", {"seed": 1})
    (study.path / SUMMARY).write_text("{}")
    assert read_study("mine", tmp_path).state == "finished"
    (study.path / ".lock").unlink()
    assert not is_running(study.path)


def test_a_lock_that_cannot_be_opened_is_nobodys_work_that_could_be_known_of(tmp_path):
    (tmp_path / ".lock").mkdir()
    assert not is_running(tmp_path)


def test_studies_are_named_the_newest_last_and_a_mistyped_name_is_answered_with_them(tmp_path):
    with pytest.raises(UserError, match=r"No study 'mine' in .*\. There is none\."):
        read_study("mine", tmp_path)
    for second, name in enumerate(("newer", "mine", "alone")):
        begun(tmp_path, name)
        os.utime(tmp_path / name / "study.json", (second, second))
    assert stored_names(tmp_path) == ["newer", "mine", "alone"]
    assert stored_names(tmp_path / "nowhere") == []
    with pytest.raises(UserError, match=r"Did you mean 'mine'\? There are: newer, mine, alone\."):
        read_study("mien", tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("..", "{}", "Study name"), ("mine", "{", "cannot be read"), ("mine", "{}", "cannot be"),
        ("mine", '{"study_id": "../x", "asked": {}}', "the id"),
        ("mine", '{"study_id": "abc", "asked": 3}', "cannot be read"),
    ],
)  # fmt: skip
def test_a_study_that_cannot_be_read_is_one_line(name, text, said, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "study.json").write_text(text)
    with pytest.raises(UserError, match=said):
        read_study(name, tmp_path)


def test_a_torn_journal_is_one_line(tmp_path):
    study = begun(tmp_path, "mine")
    (study.path / "journal").mkdir()
    (study.path / "journal" / f"trial-{study.study_id}.jsonl").write_text('{"run":\n{}\n')
    with pytest.raises(UserError, match=r"The journal of .* cannot be read"):
        read_study("mine", tmp_path)


TRIALS = [
    recorded("a", {"x": 1}, [(1, {"score": 0.5}), (2, {"score": 0.25})]),
    recorded("b", {"x": 2}, [(1, {"score": 0.75})]),
    replace(recorded("net", {"x": 3}, [(1, {"score": 0.9})]), role="supernet"),
    replace(recorded("b", {"x": 2}, [(1, {"score": 0.8})]), role="final"),
]


def test_the_best_trial_is_the_one_that_the_study_has_chosen_or_the_best_so_far():
    study = stored(TRIALS)
    assert [trial.trial_id for trial in study.searched] == ["a", "b"]
    assert [trial.trial_id for trial in study.ranked] == ["b", "a"]
    assert [trial.trial_id for trial in study.front] == ["b"]
    assert [trial.role for trial in study.final] == ["final"]
    assert study.best.trial_id == "b"
    assert replace(study, summary=Summary(best="a")).best.trial_id == "a"
    assert replace(study, summary=None).best.trial_id == "b"
    nets = stored(TRIALS[2:])
    assert [trial.trial_id for trial in nets.searched] == ["net"]
    heirs = stored([*TRIALS[2:], replace(TRIALS[0], role="inherited")])
    assert [trial.trial_id for trial in heirs.searched] == ["a"]
    empty = stored([])
    assert (empty.best, empty.front, empty.final) == (None, [], [])


def test_trials_and_their_reports_are_rows():
    study = stored([replace(TRIALS[0], began=10.0, last=25.0), TRIALS[3]])
    first = study.trials().iloc[0]
    assert (first["trial"], first["role"], first["seconds"]) == ("a", "trial", 15.0)
    assert (first["score"], first["config/x"]) == (0.25, 1)
    assert study.curves()[["trial", "role", "epoch", "score"]].values.tolist() == [
        ["a", "trial", 1, 0.5], ["a", "trial", 2, 0.25], ["b", "final", 1, 0.8],
    ]  # fmt: skip


def test_a_trials_newest_checkpoint_is_found_and_no_link_is_followed(tmp_path):
    for place in ("search/T_a_1_x/checkpoint_000001", "search/T_a_1_x/checkpoint_000002",
                  "search/T_aa_2/checkpoint_000009", "final/b-1x1/T_b/checkpoint_000000",
                  "search/deep/T_c_1/checkpoint_000000"):  # fmt: skip
        (tmp_path / "mine" / place).mkdir(parents=True)
    (tmp_path / "mine" / "search" / "file").touch()
    (tmp_path / "mine" / "linked").symlink_to(tmp_path / "mine" / "search")
    (tmp_path / "mine" / "search" / "T_d_1").symlink_to(tmp_path / "mine" / "final")
    study = replace(stored(TRIALS), path=tmp_path / "mine")
    found = study.checkpoint_of(TRIALS[0])
    assert found == study.path / "search/T_a_1_x/checkpoint_000002"
    assert study.checkpoint_of(TRIALS[1]).name == "checkpoint_000000"
    assert study.checkpoint_of(recorded("d", {}, [])) is None
    names = {folder.name for folder in trial_folders(study.path)}
    assert names == {"T_a_1_x", "T_aa_2", "T_b", "deep", "b-1x1"}
    (tmp_path / "link").symlink_to(study.path)
    assert not [*trial_folders(tmp_path / "link"), *trial_folders(tmp_path / "nowhere")]


def test_a_summary_of_an_older_version_or_with_odd_entries_has_what_can_be_read(tmp_path):
    assert read_summary(tmp_path) is None
    whole = Summary(
        "t1",
        {"score": 0.5},
        [{"test_accuracy": 0.5}],
        ["good"],
        "models:/a/1",
        "uri",
        {"a": "b"},
        1,
    )
    for text, found in (
        (json.dumps(whole.as_dict()), whole), ("{}", Summary()), ("[]", None), ("{", None),
        ('{"best": 3, "model": "m", "links": [], "exit_code": "1"}', Summary(model="m")),
    ):  # fmt: skip
        (tmp_path / SUMMARY).write_text(text)
        assert read_summary(tmp_path) == found


def test_a_wish_to_stop_a_trial_stays_and_odd_ones_are_none(tmp_path):
    requests = StopRequests(tmp_path)
    assert requests.ids() == set()
    requests.ask("b")
    requests.ask("a")
    assert requests.ids() == {"a", "b"}
    assert "a" in StopRequests(tmp_path)
    assert "c" not in requests
    for odd in ("3", "{", "[[1"):
        (tmp_path / "stopped.json").write_text(odd)
        assert requests.ids() == set()


def test_of_trials_that_are_folds_of_a_pipeline_only_whole_ones_are_compared(capsys):
    whole = recorded("whole", {"x": 0.5}, [(9, {"score": 0.7})])
    lucky = recorded("lucky", {"x": 0.1}, [(1, {"score": 0.9})], whole=False)
    assert stored([whole, lucky]).best == lucky
    study = stored([whole, lucky], only_whole=True)
    assert (study.ranked, study.best) == ([whole], whole)
    show(study)
    shown = capsys.readouterr().out
    assert "0.7" in shown
    assert "0.9" not in shown
    assert "1 stopped early" in shown
