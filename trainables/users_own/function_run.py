"""Runs a training function in a thread that goes on only while its trial is asked for a report."""

import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from inspect import isgenerator
from pathlib import Path
from typing import Any

from ray import tune

SECONDS_TO_END = 5.0  # that a function has when its trial is over


@dataclass(frozen=True)
class TrialFacts:
    """What `ray.tune.get_context()` tells a function of its trial."""

    trial_id: str = "default"
    trial_name: str = "default"
    trial_dir: str = ""
    trial_resources: Any = None


class FunctionRun:
    """One call of `function`. Ray takes it for its session while it is at work.

    `checkpoint` is a folder that the function begins with, as `ray.tune.get_checkpoint` gives it.
    The newest that it reports is kept, since the function may delete its own.
    """

    # What Ray's session has for several workers of one training.
    world_rank = None
    world_size = None
    local_rank = None
    local_world_size = None
    node_rank = None

    def __init__(
        self,
        function: Callable[[], Any],
        facts: TrialFacts,
        as_metrics: Callable[[Any], dict[str, Any]],
        checkpoint: Path | None = None,
    ) -> None:
        for name, value in vars(facts).items():
            setattr(self, name, value)
        self._function, self._as_metrics = function, as_metrics
        self.kept = Path(tempfile.mkdtemp(prefix="checkpoint-"))
        self.has_checkpoint = checkpoint is not None
        self.reports_since = 0  # the newest checkpoint
        if checkpoint is not None:
            shutil.copytree(checkpoint, self.kept, dirs_exist_ok=True)
        self._asked, self._answered = threading.Semaphore(0), threading.Semaphore(0)
        self._one_at_a_time = threading.Lock()  # the function may have threads of its own
        self._stopped = False
        self._report: dict[str, Any] | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._begun = False

    def next_report(self) -> dict[str, Any] | None:
        """Let the function go on to its next report; None if it has ended instead."""
        self._report = None
        if self._begun and not self._thread.is_alive():
            return None
        if self._begun:
            self._asked.release()
        else:
            self._begun = True
            self._thread.start()
        self._answered.acquire()
        if self._error is not None:
            raise self._error
        return self._report

    def end(self) -> bool:
        """Have the function end at the report where it waits; whether it has, in time."""
        self._stopped = True
        self._asked.release()
        if self._begun:
            self._thread.join(SECONDS_TO_END)
        shutil.rmtree(self.kept, ignore_errors=True)
        return not self._thread.is_alive()

    # ---- what `ray.tune.report` and `ray.tune.get_checkpoint` ask of Ray's session

    @property
    def loaded_checkpoint(self) -> Any:
        return tune.Checkpoint.from_directory(str(self.kept)) if self.has_checkpoint else None

    def report(self, metrics: Mapping[str, Any], checkpoint: Any = None) -> None:
        with self._one_at_a_time:
            if self._stopped:  # as another thread of the function was told
                sys.exit(0)
            self._report = dict(metrics)
            self.reports_since += 1
            if checkpoint is not None:
                with checkpoint.as_directory() as folder:
                    self._keep(Path(folder))
            self._answered.release()
            self._asked.acquire()
        if self._stopped:
            sys.exit(0)  # ends this thread alone, through the function's own clean-up

    def _keep(self, folder: Path) -> None:
        if folder != self.kept:
            new = self.kept.with_name(f"{self.kept.name}-new")
            shutil.copytree(folder, new)
            shutil.rmtree(self.kept)
            new.rename(self.kept)
        self.has_checkpoint, self.reports_since = True, 0

    def _run(self) -> None:
        try:
            result = self._function()
            for each in result if isgenerator(result) else [result]:
                if each is not None and each != {}:
                    self.report(self._as_metrics(each))
        except SystemExit as error:
            if not self._stopped:
                self._error = RuntimeError(f"the function called sys.exit({error.code!r})")
        except Exception as error:
            self._error = error
        except BaseException as error:  # it would end the process, not the trial
            self._error = RuntimeError(f"the function raised {type(error).__name__}")
        finally:
            self._report = None
            self._answered.release()


def copied(source: Path, target: Path) -> None:
    """The files of a folder that nobody changes any more: linked where that is possible."""

    def link(name: str, place: str) -> None:
        with suppress(OSError):
            Path(place).hardlink_to(name)
            return
        shutil.copy2(name, place)

    shutil.copytree(source, target, dirs_exist_ok=True, copy_function=link)
