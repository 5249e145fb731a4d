"""A finding of the doctor, and the cluster's file that it looks at."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

# What the user has not filled in yet begins like this; other checks leave such values alone.
UNFILLED = "FILL_IN"


@dataclass(frozen=True)
class Finding:
    """`what` is wrong, `why` it matters, and what `to_do`; each a sentence or two.

    An error keeps the cluster or its studies from working, or opens them to others; a warning does
    not, but costs something.
    """

    severity: Literal["error", "warning"]
    what: str
    why: str
    to_do: str


def error(what: str, why: str, to_do: str) -> Finding:
    return Finding("error", what, why, to_do)


def warning(what: str, why: str, to_do: str) -> Finding:
    return Finding("warning", what, why, to_do)


@dataclass(frozen=True)
class ClusterFile:
    """A file for `ray up`, `prepared`: with what Ray puts in where it says nothing."""

    prepared: dict[str, Any]

    @property
    def on_aws(self) -> bool:
        return bool(self.prepared["provider"].get("type") == "aws")

    @property
    def is_local(self) -> bool:
        return bool(self.prepared["provider"].get("type") == "local")

    @property
    def node_types(self) -> dict[str, dict[str, Any]]:
        return dict(self.prepared["available_node_types"])

    @property
    def head_type(self) -> str:
        return str(self.prepared["head_node_type"])

    @property
    def several_nodes(self) -> bool:
        return bool(self.prepared.get("max_workers", 0) > 0)

    def head_commands(self) -> list[str]:
        """All that the head runs, in its order. Ray has put the common set-up into its own."""
        return _commands(self.prepared, "head_setup_commands", "head_start_ray_commands")

    def worker_commands(self) -> list[str]:
        own = [_commands(kind, "worker_setup_commands") for kind in self.node_types.values()]
        return _commands(self.prepared, "worker_setup_commands", "worker_start_ray_commands") + [
            command for commands in own for command in commands
        ]

    def all_commands(self) -> list[str]:
        """Each once, though Ray puts the common ones into the head's and the workers'."""
        return list(
            dict.fromkeys(
                _commands(self.prepared, "initialization_commands", "setup_commands")
                + self.head_commands()
                + self.worker_commands()
            )
        )


def _commands(part: dict[str, Any], *keys: str) -> list[str]:
    return [command for key in keys for command in part.get(key) or [] if isinstance(command, str)]


def strings(value: Any) -> Iterator[str]:
    """All texts of a YAML document, but for its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)
