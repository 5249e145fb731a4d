"""A study's folder: it keeps what was asked, so that only the same command resumes the study.

runs/NAME/study.json    what was asked; `searched` once all trials have ended
runs/NAME/trials.json   one row a trial, written when the search has ended
runs/NAME/search/       Ray Tune's own: states and checkpoints
runs/NAME/final/        the same, for the final repeats of the best configs, by trial
runs/NAME/compared.json what the second stage of an architecture search left; select/, select-2/
                        and control/ are its Ray Tune's own
runs/NAME/journal/      the tracker's
runs/NAME/summary.json  what was found, written at the end, and beside it best_config.json
runs/NAME/forecast_report.json   what a study of forecasts found on its test part; fitted/ has the
                        models of its members
runs/NAME/schedule.json the best trial's config by epoch, where it changed; tuned_config.json has
                        what its gradients came to
runs/NAME/stopped.json  ids of trials that the user has asked to end
runs/NAME/warm_start.json has what was known of earlier studies when it began
"""

import json
import os
import shutil
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from automl_on_ray.clusters import STAMP, Mirror, Stage, Storage
from automl_on_ray.search_spaces.core import UserError, below, check_id, check_name, written_whole
from automl_on_ray.studies.identity import grown, refuse_changes
from automl_on_ray.studies.inputs import check_study
from automl_on_ray.studies.results import SUMMARY
from automl_on_ray.studies.resume import check_states
from automl_on_ray.studies.signatures import own_key

# Pickled states name modules: those of format 1 are from before all was in one package, those of 2
# from before its rooms, and those of 3 know nothing of studies on other data.
FORMAT = 4


@dataclass
class StudyFolder:
    """`asked` is everything whose change would make it another study (`identity`).

    Held until it exits. `begun`: when this session began with it, by `time.monotonic`. Its runs are
    at `tracking_uri`, empty for MLflow's database beside it.
    """

    path: Path
    study_id: str
    asked: dict[str, Any]
    searched: bool = False
    tracking_uri: str = ""
    lock: FileLock | None = None
    home: str = ""  # the URI of the same in a bucket
    trusted: bool = False  # by the user's own word
    mirror: Mirror | None = None
    begun: float = field(default_factory=time.monotonic)

    def stage(self, *parts: str) -> Stage:
        """A Ray Tune experiment in the study's folder. UserError if it goes on elsewhere by now."""
        self.check_ours()
        for part in parts:  # a trial's id in it may come from a bucket
            check_name(part, f"A stage of study {self.path.name!r}:")
        home = below(self.home, *parts) if self.home else ""
        return Stage(self.path.joinpath(*parts), home, self.trusted)

    def __enter__(self) -> "StudyFolder":
        return self

    def __exit__(self, *error: object) -> None:
        if self.mirror is not None:
            self.mirror.close()
        if self.lock is not None:
            self.lock.release()
        self.check_ours()

    def check_ours(self) -> None:
        """UserError if another machine goes on with the study."""
        if self.mirror is not None and self.mirror.overtaken:
            raise UserError(
                f"Study {self.path.name!r} was resumed on another machine, which has copied to "
                "the storage since. So it was stopped here; the other machine's files are kept. "
                f"What only this one had is kept in {self.path}."
            )

    def write(self) -> None:
        names = ("study_id", "searched", "tracking_uri", "asked")
        told = {name: getattr(self, name) for name in names}
        write_json(self.path / "study.json", {"format": FORMAT, **told})

    def is_there(self) -> bool:
        """Whether nobody has removed the folder meanwhile."""
        return (self.path / "study.json").exists()

    def write_rows(self, rows: list[dict[str, Any]]) -> None:
        """UserError if the folder was removed meanwhile."""
        if not self.is_there():
            raise UserError(
                f"{self.path} was removed while the study ran, and what it had with it: nothing of "
                "it is counted as done. The same command begins it anew."
            )
        write_json(self.path / "trials.json", rows)
        self.searched = True
        self.write()

    def reopen(self) -> None:
        """Have the search go on; rows and summary are written anew when it has ended again."""
        write_json(self.path / SUMMARY, None)  # a file that is gone would stay in a bucket
        self.searched = False
        self.write()

    def read_rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads((self.path / "trials.json").read_text())
        return rows


def open_study(
    storage: Storage,
    name: str,
    asked: dict[str, Any],
    *,
    fresh: bool,
    trusted: bool = False,
    may_grow: Collection[str] = (),
    hint: str = "",
    tracking_uri: str = "",
) -> StudyFolder:
    """The folder of study `name`, locked for this process: new, or found again with what it holds.

    `fresh` puts an earlier one aside under another name, where goes what has no `study.json` too.
    UserError if the storage cannot be written to, if another process runs the study, or if it was
    asked something else before; but the numbers that `may_grow` may be higher now, and a search
    that has ended is then open again. `hint` ends the refusal. Unless the storage is
    `trusted`, UserError too if the state of its trials is not this user's, or there are links.
    """
    check_study(name)
    folder = storage.local / name
    own_key()  # with it, the study can go on later
    if not trusted:
        _refuse_links(folder)
    lock = _lock(folder)
    there = (folder / "study.json").exists()
    if (fresh and there) or (not there and _leftovers(folder)):
        lock.release()
        aside = folder.rename(folder.with_name(f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"))
        lock = _lock(folder)
        if (aside / STAMP).exists():  # the new one takes the old one's place in the bucket too
            shutil.copy2(aside / STAMP, folder)
    study = StudyFolder(folder, uuid.uuid4().hex[:12], json.loads(json.dumps(asked)), lock=lock)
    study.tracking_uri = tracking_uri
    try:
        if (folder / "study.json").exists():
            if not trusted:
                check_states(folder)
            study = _found_again(study, may_grow, hint)
        else:
            study.write()
    except UserError:
        lock.release()
        raise
    study.trusted = trusted
    if storage.uri:
        study.home = below(storage.uri, name, study.study_id)
        study.mirror = storage.mirror(name)
    if study.mirror is not None:
        study.mirror.start(study.study_id)
    return study


def _leftovers(folder: Path) -> bool:
    """Whether there is what a study had written whose folder was removed while it ran."""
    return any(entry.name not in (".lock", STAMP) for entry in folder.iterdir())


def _found_again(study: StudyFolder, may_grow: Collection[str], hint: str) -> StudyFolder:
    """The study in `study`'s folder, if `study` is asked the same."""
    manifest, now = study.path / "study.json", study.asked
    try:
        stored = json.loads(manifest.read_text())
        written_in = stored.get("format", 1)
        found = StudyFolder(
            study.path, check_id(stored["study_id"], f"{manifest}: the id"),
            dict(stored["asked"]), bool(stored["searched"]), lock=study.lock,
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{manifest} cannot be read ({error}); --fresh puts it aside.") from error
    if written_in != FORMAT:
        raise UserError(
            f"Study {study.path.name!r} was begun with another version of AutoML on Ray (its "
            f"folder has format {written_in!r}, this one goes on with {FORMAT}): go on with that "
            "version, or put it aside with --fresh; MLflow's runs of it stay as they are."
        )
    before = found.asked
    refuse_changes(found.path.name, before, now, may_grow=may_grow, hint=hint)
    found.asked, found.tracking_uri = now, study.tracking_uri
    if any(grown(before.get(key), now.get(key)) for key in may_grow):
        found.reopen()
    elif stored.get("tracking_uri") != found.tracking_uri:
        found.write()
    return found


def stored_study(storage: Storage, name: str) -> dict[str, Any]:
    """What is stored of the study of that name; empty if there is none, or it cannot be read."""
    try:
        return dict(json.loads((storage.local / name / "study.json").read_text()))
    except (OSError, ValueError):
        return {}


def write_json(path: Path, value: Any, *, indent: int | None = 1) -> None:
    """Atomically: a reader, or a resumed study, finds the old text or the new one.

    Without `indent` it takes a tenth of the time, and is hard to read.
    """
    with written_whole(path) as part, part.open("w") as file:
        file.write(json.dumps(value, indent=indent))
        file.flush()
        os.fsync(file.fileno())


def _refuse_links(folder: Path) -> None:
    """UserError for one among the study's own files: what is written there would go elsewhere."""
    folders = [folder, *folder.glob("*/"), *folder.glob("final/*/")]
    for place in (entry for one in folders if one.is_dir() for entry in os.scandir(one)):
        if place.is_symlink():
            raise UserError(
                f"{place.path} is a link: what the study writes would go to another place. Remove "
                "it; or give --trust-storage, if you trust all who can write to that storage."
            )


def _lock(folder: Path) -> FileLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"Study {folder.name!r} is running in another process; wait for it, or use --name."
        ) from None
    except OSError as error:
        raise UserError(
            f"Storage {folder} cannot be written to ({error.strerror}); choose another --storage."
        ) from error
    return lock
