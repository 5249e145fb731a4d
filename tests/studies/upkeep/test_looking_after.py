"""What is said of studies that have ended, and what of them nobody needs. No Ray is asked."""

import os
import re
import time
from dataclasses import replace

import pytest
from filelock import FileLock
from rich.console import Console

from automl_on_ray.clusters import Storage
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folder import open_study
from automl_on_ray.studies.results import StopRequests, Summary
from automl_on_ray.studies.upkeep import (
    DiskUse,
    ask_to_stop,
    compare,
    delete_all,
    disk_use,
    list_studies,
    needless_checkpoints,
    plan_removal,
    show,
    size_of,
)
from automl_on_ray.studies.upkeep.overview import ago, began
from automl_on_ray.studies.upkeep.sizes import in_bytes
from tests.helpers.recorded import recorded, stored


def trial(name, score, *, role="trial", epochs=1, **more):
    curve = [(epoch, {"score": score * epoch / epochs}) for epoch in range(1, epochs + 1)]
    return replace(recorded(name, {"x": score}, curve, **more), role=role)


def rows(table):
    """Cells of a table's rows, by the first."""
    found = zip(*(column.cells for column in table.columns), strict=True)
    return {cells[0]: list(cells[1:]) for cells in found}


def text_of(table, width=200):
    console = Console(width=width)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def test_studies_side_by_side_tell_what_they_found_at_what_cost_and_what_differs():
    tests = [
        replace(trial("a", 0.5, role="final"), metrics={"test_accuracy": v}) for v in (0.5, 0.7)
    ]
    one = stored([trial("a", 0.5, epochs=3, began=1), trial("b", 0.25), *tests], name="one")
    other = stored([trial("c", 0.75), tests[0]], name="two", space="another")
    one.asked.update(seed=0, known={"b": 1, "a": 2}, space="x" * 41)
    other.asked.update(seed=0, known={"a": 2, "b": 1}, space="x" * 40, new=[1])
    table = compare([one, other])
    assert [column.header for column in table.columns] == ["", "one", "two"]
    assert rows(table) == {
        "state": ["finished", "finished"],
        "objective": [str(one.objectives[0])] * 2,
        "best": ["0.5", "0.75"],
        "final test": ["0.6000 ± 1.3", "0.5000"],
        "trials": ["2", "1"],
        "epochs in all": ["4", "1"],
        "time of all trials": ["2:00", "1:00"],
        "dataset": ["none", "none"],
        "space": ["plane", "another"],
        "searcher": ["random"] * 2,
        "scheduler": ["asha"] * 2,
        "--trials": ["4", "2"],
        "--space": ["x" * 40 + "...", "x" * 40],
        "--new": ["", "[1]"],
    }
    empty = rows(compare([stored([], name="none"), one]))
    assert (empty["best"], empty["final test"]) == (["", "0.5"], ["", "0.6000 ± 1.3"])


def test_the_list_has_the_newest_study_first_and_those_that_cannot_be_read_last(tmp_path):
    assert list_studies(str(tmp_path)) is None
    for age, name in ((300_000, "old"), (90, "a" * 90)):
        with open_study(Storage(tmp_path), name, {}, fresh=False) as study:
            moment = time.time() - age
            os.utime(study.path / "study.json", (moment, moment))
    for name in ("torn", "worse"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.json").write_text("{")
    told = rows(list_studies(str(tmp_path)))
    assert [*told][:2] == ["a" * 90, "old"]
    assert told["old"][0] == "stopped"
    assert (told["old"][2], told["old"][4]) == ("0/0/0", "3 days")
    assert told["torn"][0] == told["worse"][0] == "cannot be read"
    assert "0/0/0" in text_of(list_studies(str(tmp_path)), width=60)  # a long name is folded


def test_a_study_began_with_its_first_trial(tmp_path):
    with open_study(Storage(tmp_path), "mine", {}, fresh=False) as study:
        os.utime(study.path / "study.json", (5, 5))
    assert began(stored([trial("a", 0.5, began=9), trial("b", 0.5, began=7)])) == 7 * 60
    assert began(replace(stored([]), path=study.path)) == 5


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(119, "119 seconds"), (120, "2 minutes"), (7199, "120 minutes"), (7200, "2 hours"),
     (172_799, "48 hours"), (172_800, "2 days"), (90.5 * 60, "90 minutes")],
)  # fmt: skip
def test_an_age_is_told_in_the_next_unit_from_two_of_it_on(seconds, told):
    assert ago(seconds) == told


def test_thousands_begin_at_a_thousand():
    assert [in_bytes(count) for count in (999, 1000, 999_900, 1e6)] == [
        "999 B", "1.0 kB", "999.9 kB", "1.0 MB",
    ]  # fmt: skip


@pytest.fixture
def study(tmp_path):
    """One on the disk: `a` is the best, `b` and `c` were worse, `d` failed, `e` is a supernet."""
    trials = [
        trial("a", 0.75), trial("b", 0.5), trial("c", 0.25, outcome="pruned"),
        trial("d", 0.1, outcome="failed"), trial("e", 0.9, role="supernet"),
        trial("a", 0.75, role="final"),
    ]  # fmt: skip
    folder = tmp_path / "mine"
    for place in ("search/T_a_1", "search/T_b_2", "search/T_c_3", "search/T_d_4", "search/T_e_5"):
        (folder / place / "checkpoint_000000").mkdir(parents=True)
        (folder / place / "checkpoint_000000" / "weights").write_text("12345")
    (folder / "search/T_b_2/checkpoint_000001").symlink_to(tmp_path)
    (folder / "journal").mkdir()
    (folder / "journal" / "trial.jsonl").write_text("123")
    (folder / "search" / "journal.txt").write_text("1")
    asked = {"scheduler": "asha"}
    return replace(stored(trials), path=folder, asked=asked, summary=Summary(best="a"))


def needless(study):
    return sorted(each.parent.name for each in needless_checkpoints(study))


def test_checkpoints_of_trials_that_ended_and_were_not_chosen_are_needless(study):
    assert needless(study) == ["T_b_2", "T_c_3"]
    assert needless(replace(study, summary=Summary(best="b"))) == ["T_c_3"]
    assert not needless(replace(study, state="running"))
    for scheduler in ("pbt", "my own"):
        assert not needless(replace(study, asked={"scheduler": scheduler}))
    assert disk_use(study.path) == DiskUse(checkpoints=25, journal=3, rest=1)
    assert disk_use(study.path).total == size_of(study.path) == 29
    delete_all(study.path, needless_checkpoints(study))
    assert not needless(study)
    with FileLock(study.path / ".lock"), pytest.raises(UserError, match="'mine' is running"):
        delete_all(study.path, [])
    delete_all(study.path, [])  # nobody holds it any more
    with pytest.raises(UserError, match="cannot be written to"):
        delete_all(study.path / "search" / "journal.txt", [])


def test_a_study_is_shown_with_its_curves_and_the_way_on(study, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    (study.path / "best_config.json").touch()
    links = {"study": "http://somewhere/1"}
    show(replace(study, summary=Summary(best="a", model="models:/m/1", links=links)))
    shown = capsys.readouterr().out
    assert "s: finished" in shown or "mine: finished" in shown
    assert "random + asha on none, space plane" in shown
    assert "score by epoch, from 0.25 to 0.75:" in shown
    curves = re.findall(r"^  ([abc]) (\S+)$", shown, re.M)
    assert curves == [("a", "█"), ("b", "▅"), ("c", "▁")]
    assert "Trial d failed: None" in shown
    assert f"Best config, in full: {study.path}/best_config.json" in shown
    assert "Model: models:/m/1" in shown
    assert f"ui.py --storage {study.path.parent}" in shown
    assert "To go on, with more --trials:\n  python workflows/hpo.py --name s" in shown
    (study.path / "best_config.json").unlink()
    served = Summary(tracking_uri="http://there", links=links)
    show(replace(study, state="stopped", summary=served))
    shown = capsys.readouterr().out
    assert "To go on:\n" in shown
    assert "See it in MLflow:" in shown
    assert "Best config" not in shown
    assert "Model:" not in shown
    show(replace(stored([]), path=study.path, state="running", summary=None))
    shown = capsys.readouterr().out
    assert not re.search("To go on|by epoch|MLflow|repeats", shown)


def at_work(study, *, ended=(), state="running"):
    trials = [
        trial(name, 0.5, outcome="completed" if name in ended else "running") for name in "ab"
    ]
    return replace(stored(trials), path=study.path, state=state)


def test_a_trial_at_work_is_asked_to_end_and_waited_for(study):
    read = iter([at_work(study), at_work(study, ended="b"), at_work(study, ended="ab")])
    assert ask_to_stop("a", lambda: next(read), pause=0.0) is True
    assert StopRequests(study.path).ids() == {"a"}
    assert next(read, None) is None  # it was looked at until it had ended
    assert ask_to_stop("b", lambda: at_work(study, ended="a"), patience=0.0, pause=0.0) is False


def test_only_a_trial_at_work_can_be_ended(study):
    for name, ended, said in (
        ("a", "a", r"'a' of 'mine' is not at work \(completed\)\. At work are: b\."),
        ("B", "", r"'B' of 'mine' is not at work.*\. At work are: a, b\."),
        ("a", "ab", r"not at work \(completed\)\. None is at work now\."),
    ):
        with pytest.raises(UserError, match=said):
            ask_to_stop(name, lambda ended=ended: at_work(study, ended=ended))
    with pytest.raises(UserError, match=r"'mine' does not run \(finished\)"):
        ask_to_stop("a", lambda: at_work(study, state="finished"))
    there = replace(at_work(study), path=study.path / "nowhere")
    with pytest.raises(UserError, match="cannot be written to"):
        ask_to_stop("a", lambda: there)
    assert StopRequests(study.path).ids() == set()


def test_what_would_be_removed_of_a_study_is_told(tmp_path):
    with open_study(Storage(tmp_path), "mine", {}, fresh=False) as study:
        pass
    uri = f"sqlite:///{tmp_path}/none.db"
    removal = plan_removal("mine", str(tmp_path), uri)
    (line,) = removal.lines()
    assert line.startswith(f"{study.path} (")
    assert f"2 runs in MLflow at {uri}" in replace(removal, runs=("a", "b")).lines()
    (tmp_path / "linked").symlink_to(study.path)
    with pytest.raises(UserError, match="is a link"):
        plan_removal("linked", str(tmp_path), uri)
    with pytest.raises(UserError, match="--name"):
        plan_removal("..", str(tmp_path), uri)
    removal.carry_out()
    assert not study.path.exists()
