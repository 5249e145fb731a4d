import logging
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray.tune.experiment import Trial
from tracking_checks import stored_runs

from automl_on_ray.tracking import TrackingCallback, callback, writer
from automl_on_ray.tracking.journal import Journal
from automl_on_ray.tracking.runs import Runs
from automl_on_ray.tracking.store import connect
from automl_on_ray.tracking.trial_states import PARENT
from tests.helpers.waiting import wait_until


def log_study(journal, trials, steps, *, first=1):
    for trial in trials:
        if first == 1:
            journal.append({"run": trial, "t": 1, "name": trial, "status": "RUNNING"})
        for step in range(first, first + steps):
            journal.append(
                {"run": trial, "t": step, "step": step, "metrics": {"accuracy": float(step)}}
            )


def train(tracker, trials, steps, *, first=1):
    """As Tune reports it."""
    for name in trials:
        trial = Trial("x", stub=True, trial_id=name, config={"name": name})
        for step in range(first, first + steps):
            result = {"training_iteration": step, "accuracy": float(step)}
            tracker.on_trial_result(iteration=0, trials=[trial], trial=trial, result=result)


def steps_of(uri, run):
    points = connect(uri).get_metric_history(run.info.run_id, "accuracy")
    return sorted(point.step for point in points)


@pytest.mark.whole
def test_a_server_that_goes_away_and_comes_back_misses_nothing(
    server, tmp_path, make_study, monkeypatch
):
    """Tune's loop never calls it. A database that is empty then: the tests below."""
    apply, callers = Runs.apply, set()
    monkeypatch.setattr(
        Runs, "apply", lambda *words: (callers.add(threading.current_thread()), apply(*words))[1]
    )
    study, folder = make_study(), tmp_path / "journal"
    tracker = TrackingCallback(uri=server.uri, experiment="test", study=study, folder=folder)
    tracker.setup()
    trial = Trial("x", stub=True, trial_id="t_00000", config={"lr": 0.1})
    hooks = {"iteration": 0, "trials": [trial], "trial": trial}

    def report(first, last):
        for step in range(first, last + 1):
            result = {"training_iteration": step, "accuracy": step / 300}
            tracker.on_trial_result(**hooks, result=result)

    report(1, 100)
    wait_until(tracker.links)
    server.stop()
    report(101, 200)
    wait_until(lambda: tracker._writer.error is not None)  # it has met the closed door
    server.start()
    wait_until(lambda: tracker.behind == 0)
    report(201, 300)
    trial.last_result["training_iteration"] = 6
    tracker.on_trial_complete(**hooks)
    assert tracker.study_end("completed")
    parent, children = stored_runs(server.uri)
    assert steps_of(server.uri, children["t_00000"]) == list(range(1, 301))
    assert {parent.info.status, children["t_00000"].info.status} == {"FINISHED"}
    assert callers
    assert threading.current_thread() not in callers


def test_what_a_killed_process_left_is_sent_by_the_next(uri, tmp_path, make_study, monkeypatch):
    monkeypatch.setattr(callback, "PATIENCE", 0.3)
    study, folder = make_study(), tmp_path / "journal"
    away = TrackingCallback(uri="http://127.0.0.1:1", experiment="test", study=study, folder=folder)
    away.setup()
    train(away, ["a", "b"], 5)
    assert not away.study_end("stopped")  # at once, and without an error
    monkeypatch.undo()
    later = TrackingCallback(uri=uri, experiment="test", study=study, folder=folder)
    assert later.study_end("completed")
    _, children = stored_runs(uri)
    assert [steps_of(uri, run) for run in children.values()] == [[1, 2, 3, 4, 5]] * 2


@pytest.fixture
def tracker(uri, tmp_path, make_study):
    """Makes one of a stage of the study, and opens it."""

    def make(stage="", role="trial", uri=uri):
        made = TrackingCallback(
            uri=uri, experiment="test", study=make_study(), folder=tmp_path / "journal",
            role=role, stage=stage,
        )  # fmt: skip
        made.setup()
        return made

    return make


def test_a_stage_that_the_server_missed_is_sent_with_the_next_one(tracker, uri, monkeypatch):
    monkeypatch.setattr(callback, "PATIENCE", 0.3)
    away = tracker(uri="http://127.0.0.1:1")
    train(away, ["a", "b"], 5)
    assert not away.study_end("completed")
    monkeypatch.undo()
    final = tracker(role="final", stage="a-1x5")
    train(final, ["repeat"], 2)
    assert final.study_end("completed")
    study, children = stored_runs(uri)
    assert {key: steps_of(uri, run) for key, run in children.items()} == {
        "a": [1, 2, 3, 4, 5], "b": [1, 2, 3, 4, 5], "repeat": [1, 2]
    }  # fmt: skip
    assert {run.info.status for run in (study, *children.values())} == {"FINISHED"}
    assert study.data.tags["automl.outcome"] == "completed"


@pytest.mark.parametrize("left", ["nothing", "an older copy"])
def test_a_database_that_lost_runs_between_two_commands_gets_them_again(
    tracker, uri, template, tmp_path, left
):
    database = tmp_path / "mlflow.db"
    search = tracker()
    train(search, ["a"], 3)
    assert search.study_end("stopped")
    older = database.read_bytes()
    search = tracker()
    train(search, ["a"], 2, first=4)
    train(search, ["b"], 5)
    assert search.study_end("completed")
    database.write_bytes(older if left == "an older copy" else template.read_bytes())
    assert tracker(role="final", stage="b-1x5").study_end("completed")
    study, children = stored_runs(uri)
    assert {key: steps_of(uri, run) for key, run in children.items()} == {
        "a": [1, 2, 3, 4, 5], "b": [1, 2, 3, 4, 5]
    }  # fmt: skip
    assert {run.data.tags["mlflow.parentRunId"] for run in children.values()} == {study.info.run_id}
    assert study.data.params["dataset"] == "digits"


def test_a_database_that_is_deleted_while_the_study_runs_gets_all_again(tracker, uri, tmp_path):
    search = tracker()
    train(search, ["a"], 3)
    wait_until(lambda: search.behind == 0)
    (tmp_path / "mlflow.db").unlink()
    train(search, ["b"], 2)
    assert search.study_end("completed")
    _, children = stored_runs(uri)
    assert [steps_of(uri, children[key]) for key in "ab"] == [[1, 2, 3], [1, 2]]


def test_trials_of_a_study_whose_own_run_was_deleted_have_its_new_one(tracker, uri):
    search = tracker()
    train(search, ["a"], 3)
    assert search.study_end("stopped")
    connect(uri).delete_run(stored_runs(uri)[0].info.run_id)
    assert tracker().study_end("completed")
    study, children = stored_runs(uri)
    assert children["a"].data.tags["mlflow.parentRunId"] == study.info.run_id


def test_one_run_that_is_gone_for_good_is_made_again(tracker, uri, tmp_path):
    search = tracker()
    train(search, ["a", "b"], 3)
    wait_until(lambda: search.behind == 0)
    gone = stored_runs(uri)[1]["a"].info.run_id
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        for table in ("metrics", "latest_metrics", "params", "tags", "runs"):
            database.execute(f"DELETE FROM {table} WHERE run_uuid = ?", (gone,))
    train(search, ["a", "b"], 2, first=4)
    assert search.study_end("completed")
    _, children = stored_runs(uri)
    assert [steps_of(uri, children[key]) for key in "ab"] == [[1, 2, 3, 4, 5]] * 2


def test_a_run_that_was_deleted_on_purpose_stays_so(tracker, uri, capsys):
    search = tracker()
    train(search, ["a", "b"], 3)
    wait_until(lambda: search.behind == 0)
    connect(uri).delete_run(stored_runs(uri)[1]["a"].info.run_id)
    train(search, ["a", "b"], 2, first=4)
    assert search.study_end("completed")
    assert set(stored_runs(uri)[1]) == {"b"}
    assert capsys.readouterr().err.count("deleted run") == 1


def test_what_a_deleted_experiment_cannot_take_is_told_and_kept(tracker, uri, monkeypatch, capsys):
    search = tracker()
    train(search, ["a"], 3)
    wait_until(lambda: search.behind == 0)
    client = connect(uri)
    experiment = client.get_experiment_by_name("test").experiment_id
    client.delete_experiment(experiment)
    monkeypatch.setattr(callback, "PATIENCE", 0.3)
    train(search, ["a"], 2, first=4)
    assert not search.study_end("completed")
    assert "was deleted in MLflow" in capsys.readouterr().err
    client.restore_experiment(experiment)
    monkeypatch.undo()
    assert tracker(role="final").study_end("completed")
    assert steps_of(uri, stored_runs(uri)[1]["a"]) == [1, 2, 3, 4, 5]


def test_a_long_batch_gives_signs_of_life_which_the_end_of_a_study_waits_for(uri, make_study):
    runs = Runs(uri, "test", make_study(), "trial")
    metrics = {f"m{number}": float(number) for number in range(5_000)}
    runs.apply([{"run": "a", "t": 1, "step": 1, "metrics": metrics}])
    assert runs.answers >= 5_000 / 800
    assert len(stored_runs(uri)[1]["a"].data.metrics) == 5_000


def test_a_file_that_has_no_place_keeps_nothing_else_from_the_store(tracker, uri, capsys):
    search = tracker()
    wait_until(lambda: search.behind == 0)
    place = Path(stored_runs(uri)[0].info.artifact_uri)
    shutil.rmtree(place)
    place.write_text("no folder")
    search.study_files({"a.txt": "lost"})
    train(search, ["a"], 3)
    assert search.study_end("completed")
    assert steps_of(uri, stored_runs(uri)[1]["a"]) == [1, 2, 3]
    assert "refused the file a.txt" in capsys.readouterr().err


def test_a_warning_of_ours_is_seen_whatever_a_library_did_to_logging(tracker, capsys, monkeypatch):
    monkeypatch.setattr(callback, "PATIENCE", 0.3)
    logging.disable(logging.CRITICAL)
    try:
        tracker(uri="http://127.0.0.1:1").study_end("stopped")
    finally:
        logging.disable(logging.NOTSET)
    told = capsys.readouterr().err
    assert "MLflow is away" in told
    assert "the same command sends them" in told


def test_a_journal_that_is_sent_twice_changes_nothing(uri, tmp_path, make_study):
    journal = Journal(tmp_path / "journal", "trial")
    journal.append({"run": PARENT, "t": 1, "name": "a study"})
    log_study(journal, ["a", "b"], 5)
    for _ in range(2):  # as if killed between sending and acknowledging
        Runs(uri, "test", make_study(), "trial").apply(journal)
    _, children = stored_runs(uri)
    assert set(children) == {"a", "b"}
    assert steps_of(uri, children["a"]) == [1, 2, 3, 4, 5]


def test_a_run_made_by_a_call_whose_answer_was_lost_is_found(uri, make_study, monkeypatch):
    runs = Runs(uri, "test", make_study(), "trial")
    runs.apply([{"run": PARENT, "t": 1}])
    create = runs._client.create_run

    def lose_the_answer(*arguments, **keywords):
        create(*arguments, **keywords)
        monkeypatch.undo()
        raise ConnectionError("the answer was lost")

    monkeypatch.setattr(runs._client, "create_run", lose_the_answer)
    op = {"run": "a", "t": 2, "metrics": {"accuracy": 1.0}}
    with pytest.raises(ConnectionError):
        runs.apply([op])
    runs.apply([op])
    _, children = stored_runs(uri)
    assert children["a"].data.metrics == {"accuracy": 1.0}


def test_one_refused_value_does_not_take_the_others_with_it(uri, make_study, capsys):
    runs = Runs(uri, "test", make_study(), "trial")
    runs.apply([{"run": "a", "t": 1, "params": {"lr": "0.1"}}])
    change = {"run": "a", "t": 2, "params": {"lr": "0.2", "width": "8"}, "metrics": {"loss": 1.0}}
    runs.apply([change])
    _, children = stored_runs(uri)
    assert children["a"].data.params == {"lr": "0.1", "width": "8"}
    assert children["a"].data.metrics == {"loss": 1.0}
    assert "refused" in capsys.readouterr().err


def test_more_metrics_than_one_call_takes_all_arrive(uri, make_study):
    runs = Runs(uri, "test", make_study(), "trial")
    ops = [{"run": "a", "t": n, "step": n, "metrics": {"accuracy": 0.5}} for n in range(2500)]
    runs.apply(ops)
    _, children = stored_runs(uri)
    assert steps_of(uri, children["a"]) == list(range(2500))


def test_runs_left_running_by_a_lost_journal_are_stopped_at_the_end(uri, tmp_path, make_study):
    study = make_study()
    Runs(uri, "test", study, "trial").apply([{"run": "lost", "t": 1, "status": "RUNNING"}])
    tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "j")
    assert tracker.study_end("completed")
    _, children = stored_runs(uri)
    assert children["lost"].info.status == "FINISHED"
    assert children["lost"].data.tags["automl.outcome"] == "stopped"


def test_the_writer_rests_longer_after_costlier_batches(uri, tmp_path, make_study, monkeypatch):
    """By the seconds of CPU that batches took, here made up, and no longer than a minute."""
    clock = iter([0.0, 0.03, 0.03, 0.33, 0.33, 60.0])
    pauses = []

    class Resting(threading.Event):
        def wait(self, timeout=None):
            pauses.append(timeout)
            return super().wait(0 if len(pauses) < 3 else None)

    monkeypatch.setattr(
        writer,
        "time",
        SimpleNamespace(
            thread_time=lambda: next(clock, 60.0), monotonic=time.monotonic, sleep=time.sleep
        ),
    )
    monkeypatch.setattr(
        writer, "threading", SimpleNamespace(Event=Resting, Thread=threading.Thread)
    )
    journal = Journal(tmp_path / "journal", "trial")
    thread = writer.Writer([writer.Part(journal, Runs(uri, "test", make_study(), "trial"))])
    wait_until(lambda: len(pauses) == 3)
    assert thread.close(10)
    assert pauses == [writer.PERIOD, pytest.approx(0.3 / writer.SHARE), writer.MAX_PERIOD_SECONDS]
