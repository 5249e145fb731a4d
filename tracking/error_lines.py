"""Finds the line that names an error in the text that Ray keeps of it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # seconds, also where studies are only read
    from ray.tune.experiment import Trial

_FAILURE = re.compile(r"^Failure # \d+ \(occurred at .*\)$", re.MULTILINE)  # Ray's heading
_FRAME = re.compile(r'^[\s|]+File ".*", line \d+')
_KIND = re.compile(r"^[\w.]*(Error|Exception|Exit|Group|Interrupt|Warning)\b")
_DIED = re.compile(r"Worker exit detail: (.*?)(?: Some common causes.*)?$")
_EOF = "End of file"  # Ray's word for a process that is gone without a word


def error_text(trial: "Trial") -> str:
    """All that Ray has written of a trial's failures; empty if there was none."""
    path = Path(trial.error_file) if trial.error_file else None
    return path.read_text(errors="replace") if path and path.exists() else ""


def error_line(text: str) -> str:
    """Of the last failure in `text`: its kind and message, which follow the traceback's last frame.

    Of a process that died without one: what Ray says of it. An announcement goes with what it
    announces.
    """
    lines = [line.rstrip() for line in _FAILURE.split(text)[-1].splitlines() if line.strip()]
    frames = [number for number, line in enumerate(lines) if _FRAME.match(line)]
    lines = lines[frames[-1] + 1 :] if frames else lines
    named = [number for number, line in enumerate(lines) if _KIND.match(line.lstrip(" |"))]
    outer = [number for number, line in enumerate(lines) if not line[0].isspace()]
    if not named and not outer:
        return "unknown"
    first = named[0] if named else outer[0 if frames else -1]
    told = lines[first].lstrip(" |")
    if died := _DIED.search(told):
        how = "It crashed, or was killed: memory may be short." if _EOF in died[1] else died[1]
        return f"The trial's process died: {how}"
    return (
        f"{told} {lines[first + 1].strip()}" if told.endswith(":") and lines[first + 1 :] else told
    )
