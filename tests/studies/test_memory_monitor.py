"""Ray's memory monitor, set so that it ends every trial."""

import pytest

from tests.helpers.crashing import GATE
from tests.helpers.studies import GATED, runs_of, start


@pytest.mark.whole
def test_trials_that_it_ends_fail_by_name_one_by_one(storage):
    process = start(
        storage, "full", *GATED, "--searcher", "random", "--trials", 2, "--max-failures", 0,
        RAY_memory_usage_threshold="0.0", RAY_memory_monitor_refresh_ms="1000",
        **{GATE: str(storage / "never")},
    )  # fmt: skip
    output = process.communicate(timeout=200)[0]
    assert process.returncode == 1, output
    assert output.count("failed: OutOfMemoryError: out of memory") == 2
    assert "Traceback" not in output
    trials = runs_of(storage, "full")["trial"]
    assert [trial.info.status for trial in trials] == ["FAILED", "FAILED"]
    assert {trial.data.params["x"] is not None for trial in trials} == {True}
