"""What a study knows of its data, whatever kind they are of."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Data(Protocol):
    """Images, a table, or what else a trainable reads.

    `digest` changes with the data: a study with others is another study. `remarks` are what the
    user should know of them before trials start, one line each.
    """

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def remarks(self) -> Sequence[str]: ...

    def facts(self) -> dict[str, Any]:
        """What a person wants to know, such as counts and classes; values as JSON has them."""
        ...

    def keywords(self) -> dict[str, Any]:
        """Keywords of `setup` that hold all trials to exactly these data.

        A value that is an absolute path must lead to the same on each machine of a cluster.
        """
        ...
