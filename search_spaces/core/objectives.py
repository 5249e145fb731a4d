"""Objectives of a study: metrics, and whether each is maximised or minimised."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from automl_on_ray.search_spaces.core.errors import UserError
from automl_on_ray.search_spaces.core.near_words import near_miss
from automl_on_ray.search_spaces.core.numbers import as_number

# A comma within these belongs to the name: mAP@[.5, .95], IoU(0.5,0.75), "a, b".
_GROUP = r'"[^"]*"|\[[^\[\]]*\]|\([^()]*\)|\{[^{}]*\}'
_PART = re.compile(rf"(?:{_GROUP}|[^,])+")
_ALONE = re.compile(rf"(?!-|\"[^\"]*\"$)(?:{_GROUP}|[^,\"()\[\]{{}}])+")  # needs no quotes
_QUOTED = re.compile(r'"[^"]+"')
_MAX_NAMES = 12  # that a message lists

# In the last result of a trial that has ended by itself: no scheduler has cut it.
ENDED_BY_ITSELF = "ended_by_itself"
# In the only result of one whose network is beyond a limit: it was not trained.
INFEASIBLE = "infeasible"
# Tune's own book-keeping in every result, and ours
TUNES_OWN = frozenset(
    """
    time_this_iter_s time_total_s time_since_restore iterations_since_restore training_iteration
    timesteps_total timesteps_since_restore timesteps_this_iter episodes_total episodes_this_iter
    timestamp pid done should_checkpoint warmup_time config trial_id experiment_id experiment_tag
    date hostname node_ip checkpoint_dir_name ended_by_itself infeasible
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Objective:
    """One metric; `mode` is "max" or "min"."""

    metric: str
    mode: Literal["max", "min"] = "max"

    def __str__(self) -> str:
        """As `parse_objectives` reads it."""
        name = self.metric
        name = name if _ALONE.fullmatch(name) and name == name.strip() else f'"{name}"'
        return name if self.mode == "max" else f"-{name}"

    def sign(self) -> int:
        """+1 or -1: multiply a value by it and higher is better."""
        return 1 if self.mode == "max" else -1

    def better(self, value: float, than: float) -> bool:
        return self.sign() * value > self.sign() * than


def parse_objectives(text: str) -> tuple[Objective, ...]:
    """`"val_accuracy, -parameters"`: a minus sign minimises. UserError if it cannot be read.

    A name may hold whatever is no comma; in brackets or quotes that too. Quotes also keep a minus
    sign that a name begins with: `-"-loss"` minimises the metric `-loss`.
    """
    found: list[Objective] = []
    for part in _parted(text):
        less = part.startswith("-")
        name = part.removeprefix("-").strip()
        if not name or name.startswith("-") or not name.isprintable():
            raise UserError(
                f"Objective {text!r} cannot be read: {part!r} is not a metric's name. "
                "Write names separated by commas, with a minus sign before those to minimise, and "
                "in double quotes where a name itself has commas or begins with a minus sign."
            )
        found.append(Objective(unquoted(name), "min" if less else "max"))
    names = [objective.metric for objective in found]
    if len(set(names)) < len(names):
        raise UserError(f"Objective {text!r} names a metric twice.")
    return tuple(found)


def unquoted(name: str) -> str:
    """A metric's name as it was written, without quotes around it."""
    return name[1:-1] if _QUOTED.fullmatch(name) else name


def reported_instead(metric: str, report: Mapping[str, Any]) -> str:
    """What a flat report has where `metric` is no number: `'score'; it reported: loss`."""
    names = [
        name
        for name in report
        if name not in TUNES_OWN and name.partition("/")[0] != "config" and name != metric
    ]
    value = report.get(metric)
    if value is not None and as_number(value) is None:
        return f"{metric!r} as a number: it is a {type(value).__name__}, {str(value)[:60]!r}."
    told = ", ".join(names[:_MAX_NAMES]) or "nothing"
    more = ", ..." if len(names) > _MAX_NAMES else ""
    return f"{metric!r}; it reported: {told}{more}.{near_miss(metric, names)}"


def _parted(text: str) -> list[str]:
    """Parts between commas; empty ones too, so that these can be told."""
    parts, at = [], 0
    while True:
        match = _PART.match(text, at)
        end = match.end() if match else at
        parts.append(text[at:end].strip())
        if end >= len(text):
            return parts
        at = end + 1
