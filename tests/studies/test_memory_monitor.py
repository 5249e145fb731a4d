"""Ray's memory monitor, set so that it ends every trial."""

import pytest

from tests.helpers.studies import ONE, OWN, runs_of, start


@pytest.mark.slow
def test_trials_that_it_ends_fail_by_name_one_by_one(storage):
    process = start(
        storage, "full", *OWN, "--trainable", "tests.helpers.crashing:Slow", "--searcher",
        "random", "--trials", 2, "--epochs", 50, *ONE, "--max-failures", 0,
        RAY_memory_usage_threshold="0.0", RAY_memory_monitor_refresh_ms="1000",
    )  # fmt: skip
    output = process.communicate(timeout=200)[0]
    assert process.returncode == 1, output
    assert output.count("failed: OutOfMemoryError: out of memory") == 2
    assert "Traceback" not in output
    trials = runs_of(storage, "full")["trial"]
    assert [trial.info.status for trial in trials] == ["FAILED", "FAILED"]
    assert {trial.data.params["x"] is not None for trial in trials} == {True}
