"""workflows/studies.py on real studies: list, show, compare, stop, remove, clean."""

import json
import re
import shutil

import pytest
import typer
from filelock import FileLock
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from ray.tune.schedulers import FIFOScheduler
from typer.testing import CliRunner

from automl_on_ray.schedulers.tune_internals import Watch
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.live.text import BLOCKS
from automl_on_ray.studies.results import StopRequests, read_study
from automl_on_ray.studies.upkeep import compare
from automl_on_ray.workflows.studies import COMMANDS
from tests.helpers.crashing import GATE
from tests.helpers.studies import GATED, ONE, OWN, rows_of, run, runs_of, start
from tests.helpers.waiting import wait_until

SMALL = [*OWN, *ONE, "--trainable", "tests.helpers.crashing:Gated", "--searcher", "random",
         "--scheduler", "fifo", "--epochs", 3, "--final-seeds", 1]  # fmt: skip


def call(storage, *words, typed=None):
    app = typer.Typer()
    for name, command in COMMANDS.items():
        app.command(name)(command)
    every = [*map(str, words), "--storage", str(storage)]
    return CliRunner().invoke(app, every, input=typed, env={"COLUMNS": "200"})


def told(storage, *words, **keywords):
    done = call(storage, *words, **keywords)
    assert done.exit_code == 0, done.output
    return done.output


def refusal(storage, *words):
    done = call(storage, *words)
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture(scope="module")
def found(ray_cluster, storage):
    """A storage with two studies that have ended: `first`, then `second`."""
    second = ["--trials", 2, "--seed", 1, "--final-seeds", 0]
    for name, words in {"first": ["--trials", 3], "second": second}.items():
        done = run(storage, name, *SMALL, *words)
        assert done.exit_code == 0, done.output
    return storage


@pytest.fixture
def copied(found, tmp_path):
    """The same, to be changed; MLflow's database stays where it is."""
    return shutil.copytree(found, tmp_path / "runs", ignore=shutil.ignore_patterns("mlflow*"))


def test_the_newest_study_is_listed_first_with_what_it_found(found):
    lines = [line for line in told(found, "list").splitlines() if "finished" in line]
    assert [line.split()[0] for line in lines] == ["second", "first"]
    best = read_study("first", found).best.metrics["score"]
    assert f" score {best:.5g} " in lines[1]
    assert " 3/0/0 " in lines[1]


def test_a_study_that_cannot_be_read_is_listed_as_such(copied):
    (copied / "first" / "study.json").write_text("{")
    assert "cannot be read" in told(copied, "list")


def test_show_has_the_best_trials_their_curves_and_the_way_on(found):
    shown = told(found, "show", "first")
    study = read_study("first", found)
    assert "first: finished" in shown
    assert "3 trials: 3 completed." in shown
    for trial in study.ranked:
        (curve,) = re.findall(rf"^  {trial.trial_id} (\S+)$", shown, re.M)
        assert (len(curve), set(curve) <= set(BLOCKS)) == (3, True)
    assert str(found / "first" / "best_config.json") in shown
    assert "--name first" in shown
    assert f"ui.py --storage {found}" in shown


def test_show_writes_the_report_too(found, tmp_path):
    shown = told(found, "show", "first", "--html", tmp_path / "new" / "r.html")
    page = (tmp_path / "new" / "r.html").read_text()
    best = read_study("first", found).best
    assert f"{tmp_path / 'new' / 'r.html'}" in shown
    assert f"trial {best.trial_id} after" in page
    assert "second (" in page, "the other study of its objective is beside it"
    (tmp_path / "file").touch()
    there = tmp_path / "file" / "r.html"
    assert "cannot be written to" in refusal(found, "show", "first", "--html", there)


def test_studies_side_by_side_tell_which_options_differ(found):
    lines = told(found, "compare", "first", "second").splitlines()
    cells = {line.split("│")[1].strip(): line.split("│")[2:4] for line in lines if "│" in line}
    assert [cell.strip() for cell in cells["trials"]] == ["3", "2"]
    assert [cell.strip() for cell in cells["epochs in all"]] == ["9", "6"]
    assert [cell.strip() for cell in cells["--seed"]] == ["0", "1"]
    assert {name for name in cells if name.startswith("--")} == {"--seed", "--trials"}
    assert "two studies or more" in refusal(found, "compare", "first")
    with pytest.raises(UserError, match="two studies or more"):
        compare([])


@pytest.mark.parametrize("command", [["show"], ["compare", "first"], ["remove"], ["clean"]])
def test_a_mistyped_name_is_refused_with_the_nearest(found, command):
    assert "Did you mean 'second'?" in refusal(found, *command, "secnd")


@pytest.mark.parametrize("name", ["..", "../runs", ".", "/etc", "mlruns"])
def test_what_is_no_studys_name_is_not_removed(found, name):
    assert refusal(found, "remove", name, "--yes")


def checkpoints(storage, name):
    return {p.relative_to(storage) for p in (storage / name).rglob("checkpoint_*") if p.is_dir()}


def test_clean_deletes_what_nobody_needs_and_only_when_told_to(copied):
    before = checkpoints(copied, "first")
    assert "nobody needs 6 checkpoints" in told(copied, "clean", "first", "--dry-run")
    assert "Nothing was deleted" in told(copied, "clean", "first", typed="\n")
    assert "Nobody answers here" in told(copied, "clean", "first", typed="")
    assert checkpoints(copied, "first") == before
    told(copied, "clean", "first", typed="y\n")
    left = checkpoints(copied, "first")
    best = read_study("first", copied).best.trial_id
    assert left == {one for one in before if f"_{best}_" in str(one) or one.parts[1] == "final"}
    assert checkpoints(copied, "second")
    assert "There is nothing to delete." in told(copied, "clean", "first")


def test_clean_leaves_a_study_alone_that_has_not_ended_or_runs(copied):
    (copied / "first" / "summary.json").unlink()
    with FileLock(copied / "second" / ".lock"):
        shown = told(copied, "clean", "--yes")
    assert shown.count("nobody needs 0 checkpoints") == 2
    assert "There is nothing to delete." in shown


def test_clean_keeps_the_checkpoints_of_trials_that_failed(copied):
    study = read_study("first", copied)
    worst = study.ranked[-1].trial_id
    (journal,) = (copied / "first" / "journal").glob("trial-*.jsonl")
    line = {"run": worst, "t": 1, "tags": {"automl.outcome": "failed"}}
    with journal.open("a") as file:
        file.write(json.dumps(line) + "\n")
    assert "nobody needs 3 checkpoints" in told(copied, "clean", "first", "--yes")
    assert any(f"_{worst}_" in str(one) for one in checkpoints(copied, "first"))


def test_clean_keeps_supernets_which_are_drawn_again_when_a_search_goes_on(copied):
    (journal,) = (copied / "first" / "journal").glob("trial-*.jsonl")
    journal.rename(journal.with_name(journal.name.replace("trial-", "supernet-")))
    before = checkpoints(copied, "first")
    told(copied, "clean", "first", "--yes")
    assert checkpoints(copied, "first") == before


def test_a_torn_journal_or_summary_is_told_in_a_line_and_spoils_no_other_study(copied):
    (journal,) = (copied / "first" / "journal").glob("trial-*.jsonl")
    whole = journal.read_bytes()
    for torn in (b'{"run":\n', b"\x00\x00\n", b'{"run": "a", "t": 1, "adopts": "zz"}\n'):
        journal.write_bytes(whole + torn)
        assert "journal" in refusal(copied, "show", "first")
        listed = told(copied, "list")
        assert "cannot be read" in listed
        assert "second" in listed
    journal.write_bytes(whole)
    for odd in ("[]", "null", '{"best": 3, "links": [], "tracking_uri": null}'):
        (copied / "first" / "summary.json").write_text(odd)
        assert "Best trials" in told(copied, "show", "first")


def test_a_link_in_a_study_leads_to_nothing_that_clean_or_remove_deletes(copied, tmp_path):
    outside = tmp_path / "mine"
    (outside / "checkpoint_000000").mkdir(parents=True)
    (outside / "checkpoint_000000" / "weights").write_text("mine")
    worst = read_study("first", copied).ranked[-1].trial_id
    (copied / "first" / "search" / f"T_{worst}_x").symlink_to(outside)
    (copied / "first" / "stage").symlink_to(outside)
    told(copied, "clean", "first", "--yes")
    told(copied, "remove", "first", "--yes", "--tracking-uri", f"sqlite:///{copied}/none.db")
    assert not (copied / "first").exists()
    assert (outside / "checkpoint_000000" / "weights").read_text() == "mine"
    (copied / "linked").symlink_to(copied / "second")
    kept = checkpoints(copied, "second")
    told(copied, "clean", "linked", "--yes")
    assert checkpoints(copied, "second") == kept
    assert "is a link" in refusal(copied, "remove", "linked", "--yes")
    assert (copied / "second" / "study.json").exists()


@pytest.mark.whole
def test_a_cleaned_study_goes_on_with_more_trials(ray_cluster, storage):
    """What is deleted, quickly: the tests before. More trials: tests/workflows/tables."""
    command = ["cleaned", *SMALL, "--final-seeds", 0, "--trials"]
    assert run(storage, *command, 2).exit_code == 0
    told(storage, "clean", "cleaned", "--yes")
    more = run(storage, *command, 4, "--retry-failed")
    assert more.exit_code == 0, more.output
    assert [row["outcome"] for row in rows_of(storage, "cleaned")] == ["completed"] * 4


def test_remove_asks_and_takes_folder_and_runs_of_that_study_alone(found, tmp_path):
    storage = shutil.copytree(found, tmp_path / "runs")
    uri = f"sqlite:///{storage}/mlflow.db"
    remove = ["remove", "second", "--tracking-uri", uri]
    ids = [each.info.run_id for role in runs_of(storage, "second").values() for each in role]
    with FileLock(storage / "second" / ".lock"):
        assert "is running" in refusal(storage, *remove, "--yes")
    shown = told(storage, *remove, typed="n\n")
    assert str(storage / "second") in shown
    assert f"{len(ids)} runs in MLflow" in shown
    assert (storage / "second").exists()
    told(storage, *remove, typed="y\n")
    assert not (storage / "second").exists()
    client = MlflowClient(uri)
    experiments = [each.experiment_id for each in client.search_experiments()]
    deleted = client.search_runs(experiments, run_view_type=ViewType.DELETED_ONLY)
    assert {each.info.run_id for each in deleted} == set(ids)
    assert sum(map(len, runs_of(storage, "first").values())) == 1 + 3 + 1


def test_a_trial_that_was_asked_to_stop_ends_and_its_study_goes_on(
    ray_cluster, storage, monkeypatch
):
    """After the first of nine epochs; the command asks so from another process: the next test."""
    stopped = []

    def first_report(self, tune_controller, trial, result):
        if not stopped:
            stopped.append(trial.trial_id)
            StopRequests(storage / "asked").ask(trial.trial_id)
        return FIFOScheduler.CONTINUE

    monkeypatch.setattr(FIFOScheduler, "on_trial_result", first_report)
    monkeypatch.setattr(Watch, "is_due", lambda _: True)  # not once a second
    done = run(storage, "asked", *SMALL, "--trials", 2, "--epochs", 9, "--final-seeds", 0)
    assert done.exit_code == 0, done.output
    outcomes = {row["trial_id"]: row["outcome"] for row in rows_of(storage, "asked")}
    assert outcomes.pop(*stopped) == "stopped"
    assert list(outcomes.values()) == ["completed"]
    assert "1 completed, 1 unfinished" in done.output


@pytest.mark.whole
def test_one_trial_is_stopped_while_its_study_goes_on(storage, tmp_path):
    gate = tmp_path / "gate"
    study = start(storage, "open", *GATED, "--trials", 2, "--epochs", 3, "--final-seeds", 0,
                  "--searcher", "random",
                  **{GATE: str(gate)})  # fmt: skip

    def at_the_gate():
        if not list(storage.glob("open/journal/trial-*.jsonl")):
            return []
        trials = read_study("open", storage).recorded.trials
        return [trial.trial_id for trial in trials if trial.iterations == 2]

    try:
        wait_until(lambda: len(at_the_gate()) == 2, process=study)
        first, second = at_the_gate()
        assert f"At work are: {first}, {second}." in refusal(storage, "stop", "open", "nobody")
        assert "has ended" in told(storage, "stop", "open", first)
        assert "(stopped)" in refusal(storage, "stop", "open", first)
        gate.touch()
        said, _ = study.communicate(timeout=200)
    finally:
        study.kill()
    assert study.returncode == 0, said
    outcomes = {row["trial_id"]: row["outcome"] for row in rows_of(storage, "open")}
    assert outcomes == {first: "stopped", second: "completed"}
    assert "1 completed, 1 unfinished" in said
    assert "does not run (finished)" in refusal(storage, "stop", "open", second)
