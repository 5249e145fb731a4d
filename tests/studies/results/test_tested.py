"""Which metrics tell of the test part, and in which order."""

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.results import metrics_of_tests
from automl_on_ray.tracking import RecordedTrial, TrialRow
from tests.helpers.recorded import stored

ROWS = [TrialRow("a", {}, {"test_loss": 1.0, "val_loss": 2.0}, "completed"),
        TrialRow("b", {}, {"test_accuracy": 0.5, "rmse": 3.0}, "completed")]  # fmt: skip


def test_what_a_trainable_declares_comes_in_its_order_if_it_was_reported():
    declared = [Objective("rmse", "min"), Objective("test_f1"), Objective("test_loss", "min")]
    assert metrics_of_tests(ROWS, declared) == ["rmse", "test_loss"]


def test_without_a_declaration_it_is_told_by_the_names():
    assert metrics_of_tests(ROWS, ()) == ["test_accuracy", "test_loss"]
    assert metrics_of_tests(ROWS, [Objective("test_f1")]) == ["test_accuracy", "test_loss"]
    assert metrics_of_tests([], ()) == []


def test_a_stored_study_knows_what_its_trainable_declared():
    final = RecordedTrial("a", {}, {"test_b": 1.0, "test_a": 2.0}, "completed", role="final")
    declared = [{"metric": "test_b", "mode": "min"}, {"metric": "test_a", "mode": "max"}]
    assert stored([final], test_metrics=declared).tested == ["test_b", "test_a"]
    assert stored([final]).tested == ["test_a", "test_b"]  # begun before there was such a word
