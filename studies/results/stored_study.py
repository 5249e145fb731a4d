"""A study as its folder tells it. Nothing is written, and nothing is unpickled."""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from automl_on_ray.clusters import find_storage, is_running
from automl_on_ray.search_spaces.core import (
    Objective,
    UserError,
    check_id,
    check_name,
    near_miss,
)
from automl_on_ray.studies.results.summary import Summary, read_summary
from automl_on_ray.studies.results.tested import metrics_of_tests
from automl_on_ray.studies.trial_rows import pareto_front, scored
from automl_on_ray.tracking import RecordedStudy, RecordedTrial, read_recorded

ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class StoredStudy:
    """`state` is "running", "finished", "searched" (its end is missing), "stopped", or "elsewhere".

    Elsewhere: not ended, and another machine was the last to copy it to the bucket. `asked` is what
    it was begun with, by option. `tracking_uri` is empty for MLflow's database beside it.
    """

    path: Path
    study_id: str
    state: str
    asked: dict[str, Any]
    recorded: RecordedStudy = field(repr=False)
    summary: Summary | None = field(repr=False)
    tracking_uri: str = ""

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def objectives(self) -> tuple[Objective, ...]:
        return self.recorded.objectives

    @functools.cached_property
    def searched(self) -> list[RecordedTrial]:
        """The trials of the search: in architecture search, cells trained by themselves, if any."""
        others = [trial for trial in self.recorded.trials if trial.role != "final"]
        for role in ("trial", "inherited"):  # the supernet of these is none of them
            if own := [trial for trial in others if trial.role == role]:
                return own
        return others

    @functools.cached_property
    def ranked(self) -> list[RecordedTrial]:
        """Those that have a finite value of every objective, the best first by the first one.

        Where only whole trials are compared, those.
        """
        facts = self.recorded.facts
        least = facts["max_t"] if facts.get("only_whole") else 0
        whole = [trial for trial in self.searched if trial.iterations >= least]
        return scored(whole, self.objectives)

    @property
    def step(self) -> str:
        """What trials do again and again, in a word."""
        return str(self.recorded.facts.get("step", "epoch"))

    @property
    def best(self) -> RecordedTrial | None:
        """The trial that the study has chosen; before its end, the best so far."""
        chosen = self.summary.best if self.summary else None
        return next((t for t in self.ranked if t.trial_id == chosen), next(iter(self.ranked), None))

    @property
    def front(self) -> list[RecordedTrial]:
        """Of several objectives: the trials that no other matches in all and beats in one."""
        return pareto_front(self.ranked, self.objectives) if self.ranked else []

    @property
    def final(self) -> list[RecordedTrial]:
        """The repeats of the best config, trained anew."""
        return [trial for trial in self.recorded.trials if trial.role == "final"]

    @property
    def tested(self) -> list[str]:
        """What these report of the test part, the most important first."""
        declared = self.recorded.facts.get("test_metrics", ())
        return metrics_of_tests(
            self.final, [Objective(one["metric"], one["mode"]) for one in declared]
        )

    def checkpoint_of(self, trial: RecordedTrial) -> Path | None:
        """The folder of its newest checkpoint, if that is on this machine."""
        own = (f for f in trial_folders(self.path) if f"_{trial.trial_id}_" in f"{f.name}_")
        found = sorted(each for folder in own for each in folder.glob("checkpoint_*"))
        return found[-1] if found else None

    def trials(self) -> pd.DataFrame:
        """One row a trial of any stage: what became of it, its last metrics, its config.

        Columns: trial, role, outcome, epochs, seconds, error; metrics by name; config/NAME.
        """
        return pd.DataFrame([_row(trial) for trial in self.recorded.trials])

    def curves(self) -> pd.DataFrame:
        """One row a report: trial, role, epoch, and the metrics reported, by name."""
        return pd.DataFrame(
            [
                {"trial": trial.trial_id, "role": trial.role, "epoch": step, **metrics}
                for trial in self.recorded.trials
                for step, metrics in trial.curve
            ]
        )


def trial_folders(study: Path) -> Iterator[Path]:
    """Those of trials in all stages of a study. A link is none: it leads out of the study's."""
    if study.is_dir() and not study.is_symlink():
        stages = [*filter(is_own_folder, study.iterdir())]
        stages += [one for stage in stages for one in stage.iterdir() if stage.name == "final"]
        for stage in filter(is_own_folder, stages):
            yield from filter(is_own_folder, stage.iterdir())


def is_own_folder(path: Path) -> bool:
    """And no link to one."""
    return path.is_dir() and not path.is_symlink()


def _row(trial: RecordedTrial) -> dict[str, Any]:
    config = {f"config/{key}": value for key, value in trial.config.items()}
    return {
        "trial": trial.trial_id, "role": trial.role, "outcome": trial.outcome,
        "epochs": trial.iterations, "seconds": trial.last - trial.began, "error": trial.error,
        **trial.metrics, **config,
    }  # fmt: skip


def stored_names(storage: str | Path) -> list[str]:
    """Studies in a storage's folder, the newest last."""
    local = find_storage(str(storage)).local
    manifests = local.glob("*/study.json") if local.is_dir() else iter(())
    return [file.parent.name for file in sorted(manifests, key=lambda file: file.stat().st_mtime)]


def read_study(name: str, storage: str | Path = "runs") -> StoredStudy:
    """Study `name` as it is now. UserError if there is none of that name, or it cannot be read."""
    check_name(name, "Study name")
    where = find_storage(str(storage))
    path = where.look(name)
    try:
        stored = json.loads((path / "study.json").read_text())
        study_id, asked = str(stored["study_id"]), dict(stored["asked"])
    except FileNotFoundError:
        known = list(dict.fromkeys([*stored_names(storage), *where.copied()]))
        there = f"There are: {', '.join(known)}." if known else "There is none."
        raise UserError(
            f"No study {name!r} in {storage}.{near_miss(name, known)} {there}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path / 'study.json'} cannot be read ({error}).") from error
    check_id(study_id, f"{path / 'study.json'}: the id")
    try:
        recorded = read_recorded(path / "journal", study_id)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"The journal of {path} cannot be read ({error!r}).") from error
    summary = read_summary(path)
    state = state_of(
        summary,
        searched=bool(stored.get("searched")),
        there=path != where.local / name,
        running=is_running(path),
    )
    uri = str(stored.get("tracking_uri", summary.tracking_uri if summary else ""))
    return StoredStudy(path, study_id, state, asked, recorded, summary, uri)


def state_of(summary: Summary | None, *, searched: bool, there: bool, running: bool = False) -> str:
    """`there`: another machine has written it."""
    if running:
        return "running"
    if summary is None and there:
        return ELSEWHERE
    if not searched and summary is None:
        return "stopped"
    return "finished" if summary else "searched"
