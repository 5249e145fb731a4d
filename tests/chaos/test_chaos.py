"""The chaos script from two seeds, where it is asked for: it takes minutes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(("scheduler", "seed"), [("pbt", "1"), ("asha", "2")])
def test_whatever_happens_to_a_study_every_trial_is_tracked_once_and_whole(scheduler, seed):
    if "AUTOML_TEST_CHAOS" not in os.environ:
        pytest.skip("takes minutes: set AUTOML_TEST_CHAOS=1")
    command = ["--scheduler", scheduler, "--seed", seed, "--seconds", "45"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.run", *command],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
