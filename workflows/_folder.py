"""A study's folder: what it was asked, so that the same command goes on with it and no other does.

runs/NAME/study.json    what was asked; `searched` once all trials have ended
runs/NAME/trials.json   one row a trial, written when the search has ended
runs/NAME/search/       Ray Tune's own: states and checkpoints
runs/NAME/final/        the same, for the final repeats of the best configs, by trial
runs/NAME/found.json    what the first stage of an architecture search left
runs/NAME/compared.json and its second one; select/ and control/ are its Ray Tune's own
runs/NAME/journal/      the tracker's
"""

import json
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from search_spaces._errors import UserError


@dataclass
class StudyFolder:
    """`asked` is everything whose change would make it another study."""

    path: Path
    study_id: str
    asked: dict[str, Any]
    resumed: bool
    searched: bool = False
    lock: FileLock | None = field(default=None, repr=False)

    def write(self) -> None:
        text = {"study_id": self.study_id, "searched": self.searched, "asked": self.asked}
        write_json(self.path / "study.json", text)

    def write_rows(self, rows: list[dict[str, Any]]) -> None:
        write_json(self.path / "trials.json", rows)
        self.searched = True
        self.write()

    def reopen(self) -> None:
        """Have the search go on; the rows are written anew when it has ended again."""
        self.searched = False
        self.write()

    def read_rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads((self.path / "trials.json").read_text())
        return rows


def open_study(
    storage: Path, name: str, asked: dict[str, Any], *, fresh: bool, may_grow: str | None = None
) -> StudyFolder:
    """The folder of study `name`, locked for this process: new, or found again with what it holds.

    `fresh` puts an earlier one aside under another name. UserError if the storage cannot be written
    to, if another process runs the study, or if it was asked something else before; but the number
    asked as `may_grow` may be higher now, and a search that has ended is then open again.
    """
    if not name or name != Path(name).name or name.startswith("."):
        raise UserError(f"Study name {name!r} must be usable as a folder's name, without slashes.")
    folder = storage.expanduser().absolute() / name
    lock = _lock(folder)
    asked = json.loads(json.dumps(asked))
    manifest = folder / "study.json"
    if fresh and manifest.exists():
        lock.release()
        folder.rename(folder.with_name(f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"))
        lock = _lock(folder)
    if not manifest.exists():
        study = StudyFolder(folder, uuid.uuid4().hex[:12], asked, resumed=False, lock=lock)
        study.write()
        return study
    try:
        stored = json.loads(manifest.read_text())
        study = StudyFolder(folder, resumed=True, lock=lock, **stored)
    except (json.JSONDecodeError, TypeError) as error:
        raise UserError(f"{manifest} cannot be read ({error}); --fresh puts it aside.") from error
    before = study.asked
    if may_grow in before and asked[may_grow] > before[may_grow]:
        before = {**before, may_grow: asked[may_grow]}
    _refuse_changes(name, before, asked)
    if before is not study.asked:
        study.asked = asked
        study.reopen()
    return study


def once(path: Path, make: Callable[[], Any]) -> Any:
    """What `make` returns, JSON's types only: made now, or in a former session and kept in `path`.

    Where `make` raises, nothing is kept.
    """
    if not path.exists():
        write_json(path, make())
    return json.loads(path.read_text())


def write_json(path: Path, value: Any) -> None:
    """Atomically: a reader, or a resumed study, finds the old text or the new one."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w") as file:
        json.dump(value, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


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


def _refuse_changes(name: str, before: dict[str, Any], now: dict[str, Any]) -> None:
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if not changed:
        return
    key = changed[0]
    was, is_ = before.get(key), now.get(key)
    if isinstance(was, dict) and isinstance(is_, dict):
        inner = next(k for k in {**was, **is_} if was.get(k) != is_.get(k))
        key, was, is_ = f"{key} {inner!r}", was.get(inner), is_.get(inner)
    raise UserError(
        f"Study {name!r} was begun with {key} = {was!r}, but is now asked with {is_!r}. "
        "Give the same options to go on, another --name for another study, or --fresh to begin "
        "anew (the old one is kept under another name)."
    )
