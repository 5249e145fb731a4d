"""What was read and what will be done with it, in one table before anything starts."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.core import visible

REMARK = "remark"  # is set apart


def print_facts_table(title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Each row: a word for what it is about, and what is to be said."""
    drawn = Table(show_header=False, title=Text(title), title_justify="left")
    drawn.add_column(no_wrap=True)
    drawn.add_column(overflow="fold")
    for what, told in rows:
        drawn.add_row(what, Text(visible(told)), style="yellow" if what == REMARK else "")
    console.print(drawn)
