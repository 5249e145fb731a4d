"""The chaos script from two seeds: CI has no time for more (`python -m tests.chaos.run`)."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(("scheduler", "seed"), [("asha", 3), ("pbt", 1)])
def test_whatever_happens_to_a_study_every_trial_is_tracked_once_and_whole(scheduler, seed):
    command = ["--scheduler", scheduler, "--seed", str(seed), "--seconds", "45"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.run", *command],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
