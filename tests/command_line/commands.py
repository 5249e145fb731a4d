"""The commands that begin studies, called as their user does."""

import sys

import pytest
import typer
from typer.testing import CliRunner

from automl_on_ray.command_line import run_command
from automl_on_ray.workflows.automl import automl
from automl_on_ray.workflows.forecast import forecast
from automl_on_ray.workflows.hpo import hpo
from automl_on_ray.workflows.nas import nas

COMMANDS = {"hpo": hpo, "nas": nas, "automl": automl, "forecast": forecast}
MUST_BE_GIVEN = {"automl": ["data.csv", "--target", "y"], "forecast": ["m3-monthly"]}


def call(command, *words, **environment):
    """What it prints, and its exit code, in this process."""
    app = typer.Typer()
    app.command()(COMMANDS[command])
    return CliRunner().invoke(app, [str(word) for word in words], env=environment)


def said(command, *words, monkeypatch, capsys):
    """The line of its error, of the whole command as a shell calls it."""
    monkeypatch.setattr(sys, "argv", [f"/elsewhere/{command}.py", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        run_command(COMMANDS[command])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line
