"""What trials print is in their folders: by trial, with reused processes too, and bounded."""

import subprocess
import sys
from pathlib import Path

import pyarrow.fs
import pytest
from ray import tune
from ray.tune.schedulers import FIFOScheduler

from automl_on_ray.trainables._printed import (
    BEFORE,
    FILE,
    MAX_CHARACTERS,
    Printed,
    keeping_prints,
    printed_by,
)
from tests.trainables.talking import Talking


def test_each_trial_of_a_reused_process_has_its_own_words(ray_cluster, tmp_path):
    found = tune.Tuner(
        keeping_prints(Talking),
        param_space={"number": tune.grid_search([1, 2, 3])},
        tune_config=tune.TuneConfig(
            reuse_actors=True, max_concurrent_trials=1, scheduler=FIFOScheduler()
        ),
        run_config=tune.RunConfig(storage_path=str(tmp_path), name="talk", verbose=0),
    ).fit()
    trials = found._experiment_analysis.trials
    assert len({trial.last_result["pid"] for trial in trials[:2]}) == 1
    for trial in trials:
        path, text = printed_by(trial)
        said = text.splitlines()
        number = trial.config["number"]
        ways = [
            f"out {number}",
            f"err {number}",
            f"WARNING:mine:logged {number}",
            f"thread {number}",
        ]
        assert said == [way.format(number) for way in ways] * (1 if number == 3 else 2)
        assert Path(path) == Path(trial.path) / FILE
        assert Path(path).is_relative_to(tmp_path)


@pytest.fixture
def printed(monkeypatch):
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    return Printed()


def test_it_does_not_grow_for_ever_and_the_newest_is_kept(printed, tmp_path):
    printed.turn_to(tmp_path, None)
    for number in range(100):
        printed.write(f"{number} " + "x" * (MAX_CHARACTERS // 10) + "\n")
    sizes = [(tmp_path / name).stat().st_size for name in (FILE, BEFORE)]
    assert sum(sizes) < 2.5 * MAX_CHARACTERS
    kept = (tmp_path / BEFORE).read_text() + (tmp_path / FILE).read_text()
    assert kept.splitlines()[-1].startswith("99 ")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((FILE, BEFORE))


def test_a_bucket_gets_what_is_new_and_nothing_where_nothing_is(printed, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    printed.turn_to(tmp_path / "here", (pyarrow.fs.LocalFileSystem(), str(away)))
    printed.send()
    assert not (away / FILE).exists()
    printed.write("one\n")
    printed.send(now=False)
    assert not (away / FILE).exists()  # too soon
    printed.send()
    assert (away / FILE).read_text() == "one\n"
    printed.turn_to(tmp_path / "other", None)
    printed.write("two\n")
    assert (tmp_path / "here" / FILE).read_text() == "one\n"


def test_what_cannot_be_written_fails_nothing(printed, tmp_path):
    (tmp_path / "file").touch()
    printed.turn_to(tmp_path / "file" / "below", None)
    print("lost \udcff")
    printed.send()


def test_a_process_that_crashes_leaves_its_last_words(tmp_path):
    code = (
        "import pathlib, sys, faulthandler; from automl_on_ray.trainables._printed import Printed\n"
        "Printed().turn_to(pathlib.Path(sys.argv[1]), None)\n"
        "print('before'); faulthandler._sigsegv()"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, check=False)
    assert done.returncode < 0
    text = (tmp_path / FILE).read_text()
    assert text.startswith("before\n")
    assert "Segmentation fault" in text
