"""Prints names, errors and values as they are: without markup and control characters."""

from typing import Any

from rich.console import Console
from rich.status import Status
from rich.text import Text


class Terminal(Console):
    """A console that reads nothing into a text: no markup, no emoji's code, no control character.

    Style is given beside a text (`style="bold"`), never within it.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Every text comes through here, a table's cells and titles too."""
        return super().render_str(visible(text), **options)

    def status(self, status: Any, **options: Any) -> Status:
        """With a spinner beside it, of which rich would take the text for markup."""
        return super().status(Text(visible(status)), **options)


def visible(text: str) -> str:
    """With control characters, which may command a terminal, as escapes: `\\x1b[2J`."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
