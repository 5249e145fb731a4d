"""A fit in a process of its own: its errors have names, and none of its processes is left."""

import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psutil
import pytest

from automl_on_ray.trainables.tables import (
    FitFailed,
    FittedPipeline,
    FitTooLarge,
    FitTooLong,
    fold_fit,
)
from automl_on_ray.trainables.tables.fold_fit import NO_MEMORY, Fit, fit_apart, write_rows
from automl_on_ray.trainables.tables.models import FitSettings
from tests.helpers.waiting import wait_until
from tests.trainables.tables.pipelines import config, table

ENOUGH, LITTLE = 4 << 30, 300 << 20  # bytes


@pytest.fixture
def data(tmp_path):
    features, answers, *_ = table("attrition")
    folder = tmp_path / "data"
    folder.mkdir()
    write_rows(features, answers, folder)
    return folder


def fit(chosen, rows=300, **settings):
    return Fit(chosen, FitSettings("binary", 2, **settings), np.arange(rows), np.arange(rows, 600))


def fits_of(process):
    """Its fits: forked processes of the server that multiprocessing has started for it."""
    # What an earlier test has left to be waited for has no command line.
    alive = [each for each in process.children() if each.status() != psutil.STATUS_ZOMBIE]
    servers = [each for each in alive if "forkserver" in " ".join(each.cmdline())]
    return [each for server in servers for each in server.children()]


def test_a_fit_predicts_what_the_same_fit_here_does(data, tmp_path):
    asked = fit(config("linear"))
    told = fit_apart(asked, data, tmp_path / "fit", memory_limit=ENOUGH)
    features, answers, *_ = table("attrition")
    here = FittedPipeline.fit(asked.config, features.iloc[:300], answers[:300], asked.settings)
    np.testing.assert_array_equal(told.predictions, here.predict(features.iloc[300:]))
    stored = FittedPipeline.load(tmp_path / "fit")
    np.testing.assert_array_equal(stored.predict(features.iloc[300:]), told.predictions)
    assert told.fit_seconds > 0 < told.predict_seconds
    assert {path.suffix for path in (tmp_path / "fit").iterdir()} == {".json", ".skops"}


def test_rows_of_a_group_stay_together_within_a_fit(tmp_path):
    features, answers, *_ = table("attrition")
    groups = np.arange(600) % 40
    write_rows(features, answers, tmp_path, groups=groups)
    asked = fit(config("lightgbm", boosted_encoding="target"))
    told = fit_apart(asked, tmp_path, tmp_path / "fit", memory_limit=ENOUGH)
    grouped = replace(asked.settings, groups=groups[:300])
    alone, together = (
        FittedPipeline.fit(asked.config, features.iloc[:300], answers[:300], settings)
        for settings in (asked.settings, grouped)
    )
    np.testing.assert_array_equal(told.predictions, together.predict(features.iloc[300:]))
    assert (told.predictions != alone.predict(features.iloc[300:])).any()
    stored = FittedPipeline.load(tmp_path / "fit")
    np.testing.assert_array_equal(stored.predict(features.iloc[300:]), told.predictions)


def test_a_fit_that_takes_too_long_is_ended_by_name(data, tmp_path):
    slow = config("neighbours", generation="both", selection="mutual_information",
                  selected_share=0.5)  # fmt: skip
    with pytest.raises(FitTooLong, match=r"neighbours took longer than its limit of 0\.2 seconds"):
        fit_apart(fit(slow, time_limit=0.2), data, tmp_path / "fit", memory_limit=None)
    assert not fits_of(psutil.Process())


def test_a_fit_counts_its_time_from_when_its_trial_began_to_count(data, tmp_path, monkeypatch):
    """This process's clock is an hour late, so a fit has begun an hour ago by the true one."""
    late = SimpleNamespace(monotonic=lambda: time.monotonic() - 3600)
    rounds = []
    for name, clock in {"true": time, "late": late}.items():
        monkeypatch.setattr(fold_fit, "time", clock)
        asked = fit(config("lightgbm"), time_limit=4000)
        fit_apart(asked, data, tmp_path / name, memory_limit=None)
        model = (tmp_path / name / "model.txt").read_text()
        rounds.append(model.count("Tree="))
    assert rounds[0] > rounds[1] == 1


def test_a_fit_that_needs_too_much_memory_fails_by_name_and_the_next_one_does_not(tmp_path):
    features = np.random.default_rng(0).normal(size=(200_000, 20))
    frame = pd.DataFrame(features).rename(columns=str)
    write_rows(frame, (features[:, 0] > 0).astype(int), tmp_path)
    large = Fit(config("linear", linear_knots=7), FitSettings("binary", 2),
                np.arange(200_000), np.arange(10))  # fmt: skip
    with pytest.raises(FitTooLarge, match="linear failed"):
        fit_apart(large, tmp_path, tmp_path / "fit", memory_limit=LITTLE)
    assert not fits_of(psutil.Process())
    small = Fit(large.config, large.settings, np.arange(500), np.arange(10))
    fit_apart(small, tmp_path, tmp_path / "fit", memory_limit=LITTLE)


def test_what_a_fit_raises_is_named(data, tmp_path):
    odd = {**config("linear"), "linear_c": -1.0}
    with pytest.raises(FitFailed, match=r"linear failed: InvalidParameterError: .*'C'"):
        fit_apart(fit(odd), data, tmp_path / "fit", memory_limit=None)


@pytest.mark.parametrize(
    ("told", "lacks"),
    [
        ("MemoryError: ", True),
        ("_ArrayMemoryError: Unable to allocate 1.2 GiB for an array with shape (9,)", True),
        ("ArrowMemoryError: malloc of size 128 failed", True),
        ("LightGBMError: std::bad_alloc", True),
        ("RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory", True),
        ("OutOfMemoryError: CUDA out of memory.", True),
        ("OSError: [Errno 12] Cannot allocate memory", True),
        ("its process ended with code 1. libgomp: Resource temporarily unavailable", True),
        ("KeyError: 'memory_gb'", False),
        ("ValueError: The column 'allocated' is missing", False),
    ],
)
def test_only_what_libraries_say_of_memory_is_a_lack_of_it(told, lacks):
    assert bool(NO_MEMORY.search(told)) == lacks


def test_no_fit_outlives_its_trial(data, tmp_path):
    endless = {**config("extra_trees"), "forest_trees": 10**7}
    script = f"""
        from pathlib import Path
        import numpy as np
        from automl_on_ray.trainables.tables.fold_fit import Fit, fit_apart
        from automl_on_ray.trainables.tables.models import FitSettings
        rows = np.arange(300)
        fit = Fit({endless}, FitSettings("binary", 2), rows, rows)
        fit_apart(fit, Path({str(data)!r}), Path({str(tmp_path)!r}, "fit"), memory_limit=None)
    """
    trial = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=Path(__file__).parents[3]
    )
    wait_until(lambda: fits_of(psutil.Process(trial.pid)), process=trial)
    fits = fits_of(psutil.Process(trial.pid))
    trial.kill()
    trial.wait()
    wait_until(lambda: not any(each.is_running() for each in fits))
