"""What only a GPU can show; `make gpu-check` runs it, and the figures go to one JSON file."""

import time

import pytest
import torch

from tests.gpu.checks import CHECKS, FORMS, ORDERS, STEPS, Setting, write_data
from tests.gpu.report import WRITTEN, Report, default_folder

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU here"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_data(folder / "noise.npz", images=1200, side=32)
    return Setting("cuda", str(folder / "noise.npz"), side=32, operations="darts", batch_size=64,
                   channels=16, layers=8, steps=4, width=64)  # fmt: skip


@pytest.fixture(scope="module")
def found(setting, pytestconfig):
    """Figures of a check by its name, each made once and written down."""
    report, known = Report(default_folder()), {}
    pytestconfig.stash[WRITTEN] = report.path

    def figures_of(name):
        if name not in known:
            check = next(each for each in CHECKS if each.__name__ == name)
            started = time.perf_counter()
            try:
                known[name] = check(setting)
            except BaseException as error:
                report.add(name, {"error": repr(error)}, time.perf_counter() - started)
                raise
            report.add(name, known[name], time.perf_counter() - started)
        return known[name]

    return figures_of


def goes_on(figures):
    assert (figures["device"], figures["precision"]) == ("cuda", "bfloat16")
    assert figures["streams_are_equal"]
    assert figures["after_restoring"] <= 0.05 + 5 * figures["between_two_runs"]


def test_a_classifier_learns_in_bfloat16_and_goes_on_where_it_was(found):
    figures = found("classifier_goes_on")
    goes_on(figures)
    assert figures["val_accuracy"] > 0.5


@pytest.mark.parametrize("order", ORDERS)
def test_a_supernet_searches_in_bfloat16_and_goes_on_where_it_was(found, order):
    goes_on(found("supernet_goes_on")[order])


def test_trials_share_one_gpu_by_what_auto_measured(found):
    figures = found("trials_that_share")
    assert 0 < figures["share"] < 1
    assert figures["at_once"] == len(figures["epoch_seconds"]) > 1


@pytest.mark.parametrize("form", FORMS)
def test_a_search_step_takes_no_more_memory_than_was_forecast(found, form):
    figures = dict(found("memory_forecast")[form])
    forecast = figures.pop("forecast")
    assert max(figures.values()) <= forecast
    assert figures["first, float32"] >= 0.5 * forecast


@pytest.mark.parametrize("order", ORDERS)
def test_a_search_step_is_timed_and_smaller_than_in_the_usual_form(found, order):
    figures = found("supernet_steps")[order]
    assert figures.keys() == set(STEPS)
    assert figures["ours"]["megabytes"] < figures["usual"]["megabytes"]


@pytest.mark.parametrize(
    "check", ["supernet_epochs", "classifier_epochs", "compiled_classifier", "compiled_supernet"]
)
def test_epochs_and_compiled_steps_are_timed(found, check):
    assert found(check)
