"""docs/options.md is what the commands declare."""

import pytest
import typer
from typer.testing import CliRunner

from docs import options_page


def test_the_page_of_options_is_what_the_commands_declare():
    assert options_page.PAGE.read_text(encoding="utf-8") == options_page.page(), (
        "docs/options.md is not what the commands declare: run `make docs`"
    )


def test_every_command_has_its_section():
    page = options_page.page()
    assert len(options_page.commands()) >= 8
    for name in options_page.commands():
        assert f"\n## {name}.py\n" in page


@pytest.mark.parametrize(
    ("command", "row"),
    [
        ("hpo", "| `--synchronous` | flag |  | off | fixed |"),
        ("hpo", "| `--trials` | whole number | from 1 to 1000000 | `16` | grows |"),
        ("nas", "| `--slots` | whole number | from 1 to 100000 |  | free |"),
        ("nas", "| `--nesterov` `--no-nesterov` | flag |  | on |"),
        ("hpo", "| `--storage` (`AUTOML_STORAGE`) | text |  | `runs` |"),
        ("hpo", "| `--minutes` | number | above 0 and at most 10000000 |  |"),
        ("ui", "| `--port` | whole number | from 1 to 65535 | `5000` |"),
        ("export", "| `MODEL` | text |  | must be given |"),
        ("hpo", "| `--outcome-constraint` | text, may be repeated |  |  |"),
    ],
)
def test_a_row_tells_spelling_type_range_default_and_what_a_change_means(command, row):
    section = options_page.page().split(f"\n## {command}.py\n")[1].split("\n## ")[0]
    assert row in section


def test_the_page_agrees_with_what_a_command_takes():
    runner = CliRunner()
    for name in options_page.commands():
        app = typer.Typer()
        app.command()(options_page.command(name))
        said = runner.invoke(app, ["--help"], env={"COLUMNS": "400", "TERM": "dumb"}).output
        for option in options_page.declared(name):
            assert all(word in said for word in option.spellings)
