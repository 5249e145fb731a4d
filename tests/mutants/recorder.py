"""Which tests call which functions, and how long they take: a plugin of pytest."""

import json
import sys
import threading
from collections import defaultdict
from pathlib import Path
from types import FrameType
from typing import Any

import pytest


class Recorder:
    """Of the functions in files below `root`; those in other processes it does not see."""

    def __init__(self, root: Path, *, with_ray: bool) -> None:
        self.start, self.with_ray = f"{root}/", with_ray
        self.test = ""
        self.calls: dict[str, set[str]] = defaultdict(set)
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

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        self.test = item.nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.seconds[report.nodeid] = report.duration
        if report.outcome != "passed":
            self.failed.add(report.nodeid)

    def write(self, file: Path) -> None:
        """Without tests that failed or were skipped."""
        good = self.seconds.keys() - self.failed
        calls = {
            name: sorted(test for test in good if {test, test.partition("::")[0]} & tests)
            for name, tests in self.calls.items()
        }
        seconds = {test: self.seconds[test] for test in good}
        file.write_text(
            json.dumps({"calls": calls, "seconds": seconds, "failed": sorted(self.failed)})
        )
