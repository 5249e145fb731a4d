"""A comparison's folder: what was asked, and a line for each run. So it goes on where it ended.

runs/NAME/comparison.json   what makes it this comparison and no other
runs/NAME/runs.jsonl        a line a run
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from filelock import FileLock, Timeout

from automl_on_ray.search_spaces.core import UserError, check_id, written_whole
from automl_on_ray.studies.identity import refuse_changes

ASKED, RUNS = "comparison.json", "runs.jsonl"
Kept = TypeVar("Kept")


class Record(Generic[Kept]):
    """The rows that are kept, each made by `read` of a line's JSON; `add` appends one."""

    def __init__(self, folder: Path, comparison_id: str, read: Callable[[Any], Kept]) -> None:
        self.folder, self.comparison_id, self._path = folder, comparison_id, folder / RUNS
        self.rows = list(_rows(self._path, read))

    def add(self, row: Kept, as_dict: Mapping[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(as_dict) + "\n")
        self.rows.append(row)


@contextmanager
def opened(
    folder: Path, asked: Mapping[str, Any], read: Callable[[Any], Kept]
) -> Iterator[Record[Kept]]:
    """The record in `folder`, made if it is not there, held against other processes.

    UserError if it was begun with something else asked, is held, or has a line that is no row.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            path = folder / ASKED
            now = json.loads(json.dumps(asked))
            own = uuid.uuid4().hex[:12]
            if path.exists():
                before = _before(path)
                own = check_id(before.pop("comparison_id", None), "The id of a comparison")
                refuse_changes(folder.name, before, now)
            elif any(each.name != ".lock" for each in folder.iterdir()):
                raise UserError(f"{folder} has other files; choose another --name.")
            else:
                with written_whole(path) as part:
                    text = json.dumps({"comparison_id": own, **now}, indent=1)
                    part.write_text(text, encoding="utf-8")
            yield Record(folder, own, read)
    except Timeout:
        raise UserError(
            f"Comparison {folder.name!r} runs already: wait for it, or choose another --name."
        ) from None


def _before(path: Path) -> dict[str, Any]:
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} cannot be read: {error}.") from error
    if not isinstance(before, dict):
        raise UserError(f"{path} cannot be read: it has no object.")
    return before


def _rows(path: Path, read: Callable[[Any], Kept]) -> Iterator[Kept]:
    """What a kill has left of the last line is cut off; any other odd line is refused."""
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        with written_whole(path) as part:
            part.write_text(whole, encoding="utf-8")
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            yield read(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{path}, line {number} is no row of a comparison "
                f"({type(error).__name__}: {error}); take the line out, and its run is done again."
            ) from error
