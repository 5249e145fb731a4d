"""Runs the user's own command at the end of a study: --notify."""

import json
import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType

from automl_on_ray.command_line import FAILED_TRIALS, INTERRUPTED, NOT_TRACKED
from automl_on_ray.search_spaces.core import warn
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.results import BEST_CONFIG, SUMMARY, read_study

SECONDS = 30.0  # that it may take


class Notice:
    """Around a study, outermost: whatever ends it, the command of its `plan` is run once.

    Nothing is run before there is a plan: then nothing was begun.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.plan: StudyPlan | None = None
        self._seconds = seconds

    def __enter__(self) -> "Notice":
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.plan is None or not self.plan.asked.notify:
            return
        code = _code_of(error)
        told = _told(self.plan.study.path, code)
        _run(self.plan.asked.notify, told, self._seconds)


def _code_of(error: BaseException | None) -> int:
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return 0 if error is None else 1


def _told(folder: Path, code: int) -> dict[str, str]:
    """The variables of its environment; empty texts for what there is not."""
    told = {"NAME": folder.name, "EXIT_CODE": str(code), "BEST": "", "BEST_CONFIG": "",
            "SUMMARY": "", "STATE": _state(code, ended=False)}  # fmt: skip
    try:
        study = read_study(folder.name, folder.parent)
        ended = study.summary is not None
        told |= {"STATE": _state(code, ended=ended)}
        if ended:
            told |= {"SUMMARY": str(folder / SUMMARY)}
        if best := study.best:
            told |= {
                "BEST": repr(best.metrics[study.objectives[0].metric]),
                "BEST_CONFIG": _config(folder, ended=ended) or json.dumps(best.config),
            }
    except Exception as error:  # whatever is wrong with the folder, the end is told
        warn(f"--notify is told less, as the study cannot be read: {error}")
    return {f"AUTOML_{name}": value for name, value in told.items()}


def _config(folder: Path, *, ended: bool) -> str:
    file = folder / BEST_CONFIG
    return json.dumps(json.loads(file.read_text())[0]) if ended and file.exists() else ""


def _state(code: int, *, ended: bool) -> str:
    if code == INTERRUPTED:
        return "interrupted"
    if code == FAILED_TRIALS and ended:
        return "failed trials"
    return "finished" if code in (0, NOT_TRACKED) else "error"


def _run(command: str, told: dict[str, str], seconds: float) -> None:
    """Whatever becomes of it is told in a line, and changes nothing."""
    try:
        process = subprocess.Popen(
            command, shell=True, stdin=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, **told},
        )  # fmt: skip
    except (OSError, ValueError) as error:
        warn(f"--notify {command!r} could not be run: {error}")
        return
    try:
        code = process.wait(seconds)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as error:
        _end(process)
        after = "at Ctrl-C" if isinstance(error, KeyboardInterrupt) else f"after {seconds:g} s"
        warn(f"--notify {command!r} was ended {after}.")
    else:
        if code:
            warn(f"--notify {command!r} has failed with exit code {code}.")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """It, and on POSIX what it has started."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
