"""What is a trial's failure, how it is named, and which reports Tune cannot take."""

import socket
from types import SimpleNamespace

import pytest
import ray
from ray._private import state
from ray.exceptions import OutOfMemoryError, RayActorError, RaySystemError
from ray.tune.experiment import Trial

from automl_on_ray.schedulers.tune_internals.missing_metrics import (
    MissingMetricError,
    never_reported,
)
from automl_on_ray.schedulers.tune_internals.node_failure import (
    MAX_NODE_FAILURES,
    NodeFailureSparedTrial,
    spare,
)
from automl_on_ray.schedulers.tune_internals.trial_failures import (
    TrialError,
    as_trial_error,
    check_report,
    ray_has_ended,
)


def reported(**result):
    trial = Trial("stub", stub=True)
    if result:
        trial.update_last_result(result)
    return trial


def test_a_metric_that_was_never_reported_is_named_with_those_that_were():
    awaited = ["score", "cost"]
    both = reported(training_iteration=1, score=0.5, cost=2.0)
    both.update_last_result({"training_iteration": 2, "loss": 1.0})
    assert never_reported(both, awaited) is None
    assert never_reported(reported(training_iteration=2, score=0.5, costs=1.0), awaited) == (
        "never reported 'cost'; it reported: score, costs. Did you mean 'costs'?"
    )
    assert never_reported(both, []) is None


def test_a_trial_that_has_reported_nothing_is_not_told_what_it_lacks():
    assert never_reported(reported(), ["score"]) is None


def test_an_errors_text_begins_with_its_name():
    assert str(MissingMetricError("never")) == "MissingMetricError: never"


@pytest.mark.parametrize("report", [{"a": {"b": [1, {2: 3}]}}, {}, {"a": {"": None}}])
def test_reports_with_names_of_text_are_right(report):
    check_report(report)


@pytest.mark.parametrize("report", [{1: 0.5}, {"a": {"b": {None: 1}}}])
def test_a_report_with_another_name_is_refused(report):
    with pytest.raises(TypeError, match=r"a metric's name must be text, but is (1|None)"):
        check_report(report)


def test_a_report_within_itself_is_refused():
    report = {}
    report["again"] = report
    with pytest.raises(RecursionError):
        check_report(report)


def test_what_has_no_traceback_has_its_kind_in_the_first_line():
    for kept in (RayActorError(), TrialError("why")):
        assert as_trial_error(kept) is kept
    found = as_trial_error(OutOfMemoryError("Ray's own words"))
    assert isinstance(found, TrialError)
    first, second = str(found).split("\n", 1)
    assert first == "OutOfMemoryError: out of memory, so Ray ended the trial's process"
    assert "Ray's own words" in second
    other = as_trial_error(ValueError("not read"))
    assert (type(other), str(other)) == (TrialError, "ValueError: not read")


def test_a_ray_that_this_process_has_not_started_has_not_ended():
    assert ray_has_ended() is False


@pytest.mark.parametrize(
    ("status", "most", "failures", "left"),
    [
        ("PENDING", 1, 2, 0), ("PENDING", 1, 1, 1), ("PENDING", 0, 1, 0), ("PENDING", -1, 2, 2),
        ("ERROR", 1, 2, 2),
    ],
)  # fmt: skip
def test_a_trial_that_failed_for_good_and_is_tried_again_begins_to_count_anew(
    status, most, failures, left
):
    trial = Trial("stub", stub=True, max_failures=most)
    trial.set_status(status)
    trial.run_metadata.num_failures = failures
    spare(trial)
    assert isinstance(trial, NodeFailureSparedTrial)
    assert (trial.num_failures, trial.losses) == (left, 0)


class Lost(NodeFailureSparedTrial):
    """One whose machine is always gone."""

    def _has_lost_its_machine(self, error):
        return isinstance(error, RayActorError)


def test_so_many_losses_of_a_machine_do_not_count_and_other_failures_do(tmp_path):
    trial = Trial("stub", stub=True, max_failures=1)
    trial.__class__ = Lost
    trial.storage = SimpleNamespace(trial_driver_staging_path=str(tmp_path))
    for _ in range(MAX_NODE_FAILURES):
        trial.handle_error(RayActorError())
    assert trial.num_failures == 0
    trial.handle_error(ValueError("its own"))
    assert (trial.num_failures, trial.losses) == (1, MAX_NODE_FAILURES)
    trial.handle_error(RayActorError())
    assert trial.num_failures == 2


class RankLostError(Exception):
    """What is raised of one that trains a trial with others: its actor is named in the cause."""

    def __init__(self, actor):
        self.cause = SimpleNamespace(lost_actor=actor)


def failures_after(error, folder):
    trial = Trial("stub", stub=True, max_failures=1)
    spare(trial)
    trial.storage = SimpleNamespace(trial_driver_staging_path=str(folder))
    trial.handle_error(error)
    return trial.num_failures


@pytest.mark.parametrize(
    ("actor", "alive", "answers", "failures"),
    [
        ("there", True, True, 1), ("there", True, False, 0), ("there", False, True, 0),
        ("elsewhere", False, False, 1), ("unknown", False, False, 1), (None, False, False, 1),
    ],
)  # fmt: skip
def test_a_failure_counts_unless_its_machine_is_known_to_be_gone(
    actor, alive, answers, failures, monkeypatch, tmp_path
):
    """By what Ray tells of actors and machines, and whether the machine answers."""
    known = {"there": {"Address": {"NodeID": "a"}}, "elsewhere": {"Address": {"NodeID": "z"}}}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not answers:
            server.close()
        machine = {"NodeManagerAddress": "127.0.0.1", "NodeManagerPort": port, "Alive": alive}
        other = {**machine, "NodeID": "b", "Alive": False}
        monkeypatch.setattr(state, "actors", known.get)
        monkeypatch.setattr(ray, "nodes", lambda: [other, {**machine, "NodeID": "a"}])
        assert failures_after(RankLostError(actor), tmp_path) == failures


def test_a_failure_counts_where_ray_cannot_say_what_became_of_the_machine(monkeypatch, tmp_path):
    def silent(actor):
        raise RaySystemError("the cluster does not answer")

    monkeypatch.setattr(state, "actors", silent)
    assert failures_after(RankLostError("there"), tmp_path) == 1


def test_a_process_that_ray_took_for_itself_is_no_failure_and_nobody_is_asked(tmp_path, capsys):
    assert failures_after(RayActorError(preempted=True), tmp_path) == 0
    assert failures_after(RayActorError(), tmp_path) == 1
    assert capsys.readouterr() == ("", "")
