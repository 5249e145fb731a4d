"""The chaos script from one seed: CI has no time for more (`python -m tests.chaos.run`)."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_whatever_happens_to_a_study_every_trial_is_tracked_once_and_whole():
    command = ["--scheduler", "pbt", "--seed", "1", "--seconds", "45"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.run", *command],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
