"""What a study is after: metrics and the direction in which each is better."""

import re
from dataclasses import dataclass
from typing import Literal

from automl_on_ray.search_spaces._errors import UserError


@dataclass(frozen=True)
class Objective:
    """One metric; `mode` is "max" or "min"."""

    metric: str
    mode: Literal["max", "min"] = "max"

    def __str__(self) -> str:
        return self.metric if self.mode == "max" else f"-{self.metric}"

    def sign(self) -> int:
        """+1 or -1: multiply a value by it and higher is better."""
        return 1 if self.mode == "max" else -1

    def better(self, value: float, than: float) -> bool:
        return self.sign() * value > self.sign() * than


def parse_objectives(text: str) -> tuple[Objective, ...]:
    """`"val_accuracy, -parameters"`: a minus sign minimises. UserError if it cannot be read."""
    parts = [part.strip() for part in text.split(",")]
    found: list[Objective] = []
    for part in parts:
        if not re.fullmatch(r"-?\s*[A-Za-z_][\w/.@-]*", part):
            raise UserError(
                f"Objective {text!r} cannot be read: {part!r} is not a metric's name. "
                "Write names parted by commas, with a minus sign before those to minimise."
            )
        found.append(Objective(part.lstrip("- "), "min" if part.startswith("-") else "max"))
    names = [objective.metric for objective in found]
    if len(set(names)) < len(names):
        raise UserError(f"Objective {text!r} names a metric twice.")
    return tuple(found)
