"""docs/options.md is what the commands declare."""

import shlex

import pytest
import typer
from typer.testing import CliRunner

from docs import options_page
from tests.command_line.commands import MUST_BE_GIVEN


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
        ("automl", "| `DATASET` | text |  | must be given | fixed |"),
        ("automl", "| `--portfolio` `--no-portfolio` | flag |  | on | fixed |"),
    ],
)
def test_a_row_tells_spelling_type_range_default_and_what_a_change_means(command, row):
    section = options_page.page().split(f"\n## {command}.py\n")[1].split("\n## ")[0]
    assert row in section


def test_the_page_agrees_with_what_a_command_takes():
    runner = CliRunner()
    for name in options_page.commands():
        for function in options_page.functions(name).values():
            app = typer.Typer()
            app.command()(function)
            said = runner.invoke(app, ["--help"], env={"COLUMNS": "400", "TERM": "dumb"}).output
            for option in options_page.declared_by(function):
                assert all(word in said for word in option.spellings)


@pytest.mark.parametrize("command", ["hpo", "nas", "automl", "forecast"])
def test_every_option_is_explained_with_an_example_that_the_command_takes(command):
    """Flags are their own example."""
    app = typer.Typer()
    app.command()(options_page.functions(command)[""])
    for one in options_page.declared(command):
        said, _, example = one.info.help.partition(" Example: ")
        assert len(said.split()) >= 6
        assert said[0].isupper()
        assert said.endswith(".")
        if one.kind is bool or one.field == "config":
            continue
        words = shlex.split(example)
        if one.spellings:
            assert one.spellings[0] in [word.partition("=")[0] for word in words]
            words = [*MUST_BE_GIVEN.get(command, []), *words]
        else:
            words += MUST_BE_GIVEN[command][1:]
        done = CliRunner().invoke(app, [*words, "--print-config"])
        assert done.exit_code == 0, f"{example}: {done.output}"
