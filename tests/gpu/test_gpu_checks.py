"""The checks for a GPU, run through on the CPU: so a first run on a card tells of that card."""

import json

import pytest

from tests.gpu import checks
from tests.gpu.checks import ORDERS, PEAKS, STEPS, Setting, write_data
from tests.gpu.report import Report

FEW = "none,skip_connect,sep_conv_3x3"
GOES_ON = {"device", "precision", "val_loss", "val_accuracy", "epoch_seconds", "between_two_runs",
           "after_restoring", "streams_are_equal"}  # fmt: skip
STEP = {"seconds", "first", "megabytes"}


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_data(folder / "noise.npz", images=60, side=8)
    return Setting("cpu", str(folder / "noise.npz"), side=8, operations=FEW, batch_size=8,
                   channels=4, layers=3, steps=1, width=8)  # fmt: skip


def on_the_cpu(figures):
    assert figures.keys() == GOES_ON
    assert (figures["device"], figures["precision"]) == ("cpu", "float32")
    assert figures["streams_are_equal"]
    assert figures["after_restoring"] == figures["between_two_runs"] == 0


@pytest.mark.whole
def test_what_is_restored_goes_on_bit_equal_on_the_cpu(setting, monkeypatch):
    """Ours, quickly: tests/trainables/test_image_classifier_goes_on.py, test_darts_supernet.py."""
    on_the_cpu(checks.classifier_goes_on(setting))
    monkeypatch.delitem(checks.ORDERS, "first")
    (figures,) = checks.supernet_goes_on(setting).values()
    on_the_cpu(figures)


def test_epochs_of_classifiers_are_timed(setting):
    found = checks.classifier_epochs(setting)
    assert found.keys() == {"as it is", "float32", "contiguous"}
    assert all(0 < each["seconds"] <= each["first"] for each in found.values())


@pytest.mark.whole
def test_a_step_takes_what_is_forecast_or_less(setting, monkeypatch):
    """In the form that recomputes; in both, quickly: tests/studies/architecture/test_memory.py."""
    peaks = PEAKS[:2]  # on a CPU the third is the first
    monkeypatch.setattr(checks, "PEAKS", peaks)
    monkeypatch.delitem(checks.FORMS, "plain")
    (figures,) = checks.memory_forecast(setting).values()
    assert figures.keys() == {"forecast", *map(", ".join, peaks)}
    assert max(figures.values()) == figures["forecast"] < 3 * min(figures.values())


@pytest.mark.whole
def test_steps_and_epochs_of_supernets_are_timed_in_both_forms(setting, monkeypatch):
    """Steps of the first order alone; an epoch takes those of the second."""
    epochs = checks.supernet_epochs(setting)
    assert epochs.keys() == ORDERS.keys()
    for figures in epochs.values():
        assert figures.keys() == {"usual", "ours"}
        assert min(figures.values()) > 0
    monkeypatch.delitem(checks.ORDERS, "second")
    (steps,) = checks.supernet_steps(setting).values()
    assert steps.keys() == set(STEPS)
    assert all(each.keys() == STEP for each in steps.values())


@pytest.mark.whole
def test_trials_run_at_once_and_alone(setting, ray_cluster):
    found = checks.trials_that_share(setting)
    assert found["share"] == 0.0
    assert len(found["epoch_seconds"]) == found["at_once"] >= 2
    assert min(found["alone"], *found["epoch_seconds"]) > 0


def test_the_report_names_its_machine_and_holds_each_check_at_once(tmp_path):
    report = Report(tmp_path / "out")
    for number, name in enumerate(("one", "two")):
        report.add(name, {"figure": number}, 1.25)
        told = json.loads(report.path.read_text())
        assert list(told["checks"]) == ["one", "two"][: number + 1]
    assert told["checks"]["two"] == {"figure": 1}
    assert told["seconds"] == {"one": 1.2, "two": 1.2}
    assert {"card", "memory_mb", "torch", "cuda", "cudnn", "python", "cpus"} <= told.keys()
