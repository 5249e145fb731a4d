"""Which tests call which functions, and what of a core's time they take: a plugin of pytest.

What is called in other processes is not seen. So tests that start one are noted as well.
"""

import hashlib
import json
import os
import sys
import threading
from collections import defaultdict
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

STARTING = {"_execute_child", "_launch"}  # of `subprocess` and `multiprocessing`


class Recorder:
    """Of the functions in files below `root`; each file of tests is written as soon as it has run.

    So a recording that was stopped goes on from there.
    """

    def __init__(self, root: Path, record: Path, *, with_ray: bool) -> None:
        self.start, self.record, self.with_ray = f"{root}/", record, with_ray
        self.test = ""
        self.forget()

    def forget(self) -> None:
        self.calls: dict[str, set[str]] = defaultdict(set)
        self.starting: set[str] = set()
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if not self.with_ray:
            items[:] = [item for item in items if "ray_cluster" not in item.fixturenames]

    def trace(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if self.test and code.co_filename.startswith(self.start):
            file = code.co_filename.removeprefix(f"{self.start}automl_on_ray/")
            name = code.co_qualname.partition(".<locals>.<")[0]
            self.calls[f"{file}::{name}"].add(self.test)
        elif self.test and code.co_name in STARTING:
            self.starting.add(self.test)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Any:
        self.test = item.nodeid
        sys.settrace(self.trace)
        threading.settrace(self.trace)
        yield
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        self.test = ""
        if nextitem is None or nextitem.path != item.path:
            self.write(item.nodeid.partition("::")[0])
            self.forget()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.test = item.nodeid.partition("::")[0]  # other tests may use the same fixture

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Any:
        self.test, before = item.nodeid, sum(os.times()[:4])
        yield
        self.seconds[item.nodeid] = sum(os.times()[:4]) - before

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome != "passed":
            self.failed.add(report.nodeid)

    def write(self, tests: str) -> None:
        """What this file of tests has called, without those that failed or were skipped."""
        good = self.seconds.keys() - self.failed

        def among(tests: set[str]) -> list[str]:
            return sorted(test for test in good if {test, test.partition("::")[0]} & tests)

        record = without(recorded_in(self.record), tests)
        for name, callers in self.calls.items():
            record["calls"].setdefault(name, []).extend(among(callers))
        record["starting"] += among(self.starting)
        record["seconds"] |= {test: self.seconds[test] for test in good}
        record["failed"] += sorted(self.failed)
        record["files"][tests] = digest(Path(tests))
        self.record.write_text(json.dumps(record))


def recorded_in(file: Path) -> dict[str, Any]:
    """What an earlier run has written there, or nothing."""
    if file.exists():
        found: dict[str, Any] = json.loads(file.read_text())
        return found
    return {"calls": {}, "starting": [], "seconds": {}, "failed": [], "files": {}}


def without(record: dict[str, Any], file: str) -> dict[str, Any]:
    """What a record has of all tests but those in this file."""

    def others(tests: list[str]) -> list[str]:
        return [test for test in tests if test.partition("::")[0] != file]

    return {
        "calls": {name: others(tests) for name, tests in record["calls"].items()},
        "starting": others(record["starting"]),
        "seconds": {test: record["seconds"][test] for test in others(list(record["seconds"]))},
        "failed": others(record["failed"]),
        "files": record["files"],
    }


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
