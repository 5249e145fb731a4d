"""Which tests call which functions, and what of a core's time they take: a plugin of pytest.

What is called in other processes is not seen. So tests that start one are noted as well.
"""

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
    """Of the functions in files below `root`."""

    def __init__(self, root: Path, *, with_ray: bool) -> None:
        self.start, self.with_ray = f"{root}/", with_ray
        self.test = ""
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
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        self.test = item.nodeid
        sys.settrace(self.trace)
        threading.settrace(self.trace)
        yield
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        self.test = ""

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

    def write(self, file: Path) -> None:
        """Without tests that failed or were skipped."""
        good = self.seconds.keys() - self.failed

        def among(tests: set[str]) -> list[str]:
            return sorted(test for test in good if {test, test.partition("::")[0]} & tests)

        record = {
            "calls": {name: among(tests) for name, tests in self.calls.items()},
            "starting": among(self.starting),
            "seconds": {test: self.seconds[test] for test in good},
            "failed": sorted(self.failed),
        }
        file.write_text(json.dumps(record))
