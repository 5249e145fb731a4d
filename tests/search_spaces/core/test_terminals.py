"""Texts of others on the terminal: as they are, whatever they hold."""

import ast
import inspect
import io
from pathlib import Path

import pytest
from rich.console import Group
from rich.live import Live
from rich.table import Table

from automl_on_ray.search_spaces.core import Terminal, visible

ROOT = Path(__file__).parents[3]
ROOMS = ("search_spaces", "searchers", "schedulers", "trainables", "tracking", "workflows")
ODD = "no [/data/x] for [batch, 3], [red]:warning:[/red] [bold]"
COMMAND = "ab\x1b[2J\x07\rc\u2028d"


@pytest.fixture
def terminal():
    terminal = Terminal()
    terminal.file, terminal.width = io.StringIO(), 200
    return terminal


def table_with(text):
    table = Table(text, title=text, caption=text)
    table.add_row(text)
    table.add_column(text, footer=text)
    return table


@pytest.mark.parametrize("shown", [str, table_with, lambda text: Group(text, table_with(text))])
def test_a_text_is_shown_as_it_is(shown, terminal):
    terminal.print(shown(ODD))
    assert ODD in terminal.file.getvalue()
    terminal.print(shown(ODD), style="bold red", soft_wrap=True)


@pytest.mark.parametrize("shown", [str, table_with])
def test_a_text_does_not_command_the_terminal(shown, terminal):
    terminal.print(shown(COMMAND))
    told = terminal.file.getvalue()
    assert r"ab\x1b[2J\x07\rc\u2028d" in told
    assert not {"\x1b", "\x07", "\r"} & set(told)


def test_a_view_that_lives_and_a_status_show_a_text_as_it_is(terminal):
    with Live(Group(ODD), console=terminal, auto_refresh=False):
        pass
    assert ODD in terminal.file.getvalue()
    status = terminal.status(ODD + COMMAND)
    terminal.print(status.renderable)
    assert ODD + visible(COMMAND) in terminal.file.getvalue()


def test_what_can_be_printed_stays_as_it_is():
    text = "Größe 模型 ± 0.2 %\n\tmé"
    assert visible(text) == text
    assert visible("\udcff") == r"\udcff"


def test_no_room_has_another_console():
    """Nor another way to have rich read a text as markup."""
    others = []
    files = {file for room in ROOMS for file in (ROOT / room).rglob("*.py")}
    for file in sorted(files - {Path(inspect.getfile(Terminal))}):
        for node in ast.walk(ast.parse(file.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            name = getattr(called, "attr", getattr(called, "id", ""))
            markup = any(
                word.arg == "markup" and getattr(word.value, "value", True)
                for word in getattr(node, "keywords", [])
            )
            if name in ("Console", "from_markup", "render_markup") or markup:
                others.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert others == []
