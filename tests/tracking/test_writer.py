import time
from itertools import pairwise

import pytest
from ray.tune.experiment import Trial
from tracking_checks import stored_runs

from automl_on_ray.tracking import _writer, callback
from automl_on_ray.tracking._journal import Journal
from automl_on_ray.tracking._runs import Runs
from automl_on_ray.tracking._server import connect
from automl_on_ray.tracking._trials import PARENT
from automl_on_ray.tracking.callback import TrackingCallback


def log_study(journal, trials, steps, *, first=1):
    for trial in trials:
        if first == 1:
            journal.append({"run": trial, "t": 1, "name": trial, "status": "RUNNING"})
        for step in range(first, first + steps):
            journal.append(
                {"run": trial, "t": step, "step": step, "metrics": {"accuracy": float(step)}}
            )


def steps_of(uri, run):
    points = connect(uri).get_metric_history(run.info.run_id, "accuracy")
    return sorted(point.step for point in points)


@pytest.mark.slow
def test_a_server_that_goes_away_and_comes_back_misses_nothing(server, tmp_path, make_study):
    study, folder = make_study(), tmp_path / "journal"
    tracker = TrackingCallback(uri=server.uri, experiment="test", study=study, folder=folder)
    tracker.setup()
    trial = Trial("x", stub=True, trial_id="t_00000", config={"lr": 0.1})
    hooks = {"iteration": 0, "trials": [trial], "trial": trial}
    slowest = 0.0
    for step in range(1, 301):
        began = time.perf_counter()
        result = {"training_iteration": step, "accuracy": step / 300}
        tracker.on_trial_result(**hooks, result=result)
        slowest = max(slowest, time.perf_counter() - began)
        if step == 100:
            deadline = time.monotonic() + 30
            while not tracker.links() and time.monotonic() < deadline:
                time.sleep(0.1)
            assert tracker.links()
            server.stop()
        if step == 200:
            time.sleep(5)  # the writer meets the closed door, and backs off
            assert tracker._writer.error is not None
    server.start()
    trial.last_result["training_iteration"] = 6
    tracker.on_trial_complete(**hooks)
    assert tracker.study_end("completed")
    assert slowest < 0.1, "Tune's loop had to wait"

    parent, children = stored_runs(server.uri)
    assert steps_of(server.uri, children["t_00000"]) == list(range(1, 301))
    assert {parent.info.status, children["t_00000"].info.status} == {"FINISHED"}


def test_what_a_killed_process_left_is_sent_by_the_next(uri, tmp_path, make_study, monkeypatch):
    monkeypatch.setattr(callback, "PATIENCE", 0.3)
    study, folder = make_study(), tmp_path / "journal"
    away = TrackingCallback(uri="http://127.0.0.1:1", experiment="test", study=study, folder=folder)
    away.setup()
    log_study(away._journal, ["a", "b"], 5)
    assert not away.study_end("stopped")  # at once, and without an error
    monkeypatch.undo()
    later = TrackingCallback(uri=uri, experiment="test", study=study, folder=folder)
    assert later.study_end("completed")
    _, children = stored_runs(uri)
    assert [steps_of(uri, run) for run in children.values()] == [[1, 2, 3, 4, 5]] * 2


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


def test_one_refused_value_does_not_take_the_others_with_it(uri, make_study, caplog):
    runs = Runs(uri, "test", make_study(), "trial")
    runs.apply([{"run": "a", "t": 1, "params": {"lr": "0.1"}}])
    change = {"run": "a", "t": 2, "params": {"lr": "0.2", "width": "8"}, "metrics": {"loss": 1.0}}
    runs.apply([change])
    _, children = stored_runs(uri)
    assert children["a"].data.params == {"lr": "0.1", "width": "8"}
    assert children["a"].data.metrics == {"loss": 1.0}
    assert "refused" in caplog.text


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
    monkeypatch.setattr(_writer, "PERIOD", 0.01)
    write, batches = _writer.Writer._write_all, []

    def timed(writer):
        began, cpu = time.monotonic(), time.thread_time()
        write(writer)
        batches.append((began, time.monotonic(), time.thread_time() - cpu))

    monkeypatch.setattr(_writer.Writer, "_write_all", timed)
    journal = Journal(tmp_path / "journal", "trial")
    writer = _writer.Writer(journal, Runs(uri, "test", make_study(), "trial"))
    log_study(journal, ["warm"], 2)
    deadline = time.monotonic() + 120
    while len(batches) < 5 and time.monotonic() < deadline:
        log_study(journal, ["warm"], 2, first=3)
        time.sleep(0.01)
    assert writer.close(10)
    assert len(batches) >= 5
    for (_, ended, cpu), (began, _, _) in pairwise(batches[:5]):
        assert began - ended >= min(cpu / _writer.SHARE, _writer.LONGEST_PERIOD) - 0.01
