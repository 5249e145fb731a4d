"""Numbers on the command line: every one has a range, and is refused out of it in one line."""

import dataclasses
import functools
import inspect
import math
import types
import typing

import pytest
import typer
from typer.main import get_command

from automl_on_ray.command_line.architecture_options import PRESETS
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.core.ranges import Between, range_of
from automl_on_ray.tracking.store import backup
from automl_on_ray.workflows import (
    automl,
    doctor,
    export,
    hpo,
    nas,
    prepare_aws,
    simulate,
    stop_cluster,
    ui,
)

COMMANDS = {
    "hpo": hpo.hpo,
    "nas": nas.nas,
    "automl": automl.automl,
    "simulate": simulate.simulate,
    "ui": ui.ui,
    "export": export.export,
    "doctor": doctor.doctor,
    "prepare_aws": prepare_aws.prepare_aws,
    "stop_cluster": stop_cluster.stop_cluster,
    "keep": backup.keep,
}
ARGUMENTS = {
    "automl": ["data.csv", "--target", "y"],
    "simulate": ["curves.csv"],
    "keep": ["mlflow.db", "copy.db"],
}
ODD = ["nan", "inf", "-1", "1e400", str(10**30), "9" * 5000, "", "two"]


def declared(command):
    """The annotations of a command's options by name, as typer reads them."""
    hints = typing.get_type_hints(command, include_extras=True)
    return {name: hints[name] for name in inspect.signature(command).parameters}


def kinds(annotation):
    """The types that a value may have, without None."""
    base = typing.get_args(annotation)[0] if range_of(annotation) else annotation
    base = typing.get_args(base)[0] if typing.get_origin(base) is typing.Annotated else base
    return typing.get_args(base) if isinstance(base, types.UnionType) else (base,)


@functools.cache
def parser_of(command):
    """Made once: typer takes longer for that than to read a line."""
    app = typer.Typer()
    app.command()(COMMANDS[command])
    return get_command(app)


NUMBERS = [
    (command, name)
    for command, function in COMMANDS.items()
    for name, annotation in declared(function).items()
    if range_of(annotation) or {int, float} & set(kinds(annotation))
]


def test_every_option_that_takes_a_number_has_a_range():
    without = [
        f"{command} --{name}"
        for command, name in NUMBERS
        if range_of(declared(COMMANDS[command])[name]) is None
    ]
    assert not without
    assert {"hpo", "nas", "automl", "simulate", "ui", "keep"} <= {command for command, _ in NUMBERS}


@pytest.mark.parametrize(("command", "name"), NUMBERS)
def test_a_number_out_of_its_range_is_one_line_and_nothing_is_started(
    command, name, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    allowed = range_of(declared(COMMANDS[command])[name])
    option = f"--{name.replace('_', '-')}"
    beyond = [str(math.floor(allowed.most) + 1), str(math.floor(allowed.least) - 1)]
    for word in [*ODD, *beyond, *(["0"] if allowed.above else [])]:
        arguments = [*ARGUMENTS.get(command, []), f"{option}={word}"]
        with pytest.raises(SystemExit) as ended:
            parser_of(command).main(arguments, command)
        said = capsys.readouterr().err
        assert ended.value.code == 2, (word, said)
        assert option in said
        if said.startswith("Error:"):  # else typer says that it is no number at all
            assert len(said.splitlines()) == 1
            assert len(said) < 200
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("command", "name"), NUMBERS)
def test_what_holds_if_not_asked_is_in_its_range(command, name):
    default = inspect.signature(COMMANDS[command]).parameters[name].default
    if default is not None:
        range_of(declared(COMMANDS[command])[name]).check(name, default)


def test_both_ends_of_a_range_belong_to_it_but_not_what_it_is_above():
    for number in (0, 1, 0.5, True):
        Between(0, 1).check("--x", number)
    with pytest.raises(UserError, match=r"--x must be above 0 and at most 1, but got 0\."):
        Between(0, 1, above=True).check("--x", 0)


def test_a_text_holds_a_number_a_word_or_several():
    Between(0, 4, word="auto").check("--x", "auto")
    Between(0, 4, word="auto").check("--x", "0.5")
    Between(1, 4, several=True).check("--x", "1, 4")
    for text in ("1,5", "1,", "1.5", "auto"):
        with pytest.raises(UserError, match="--x must be from 1 to 4, but got"):
            Between(1, 4, several=True).check("--x", text)


@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_numbers_are_in_their_ranges(name):
    assert nas.NasSettings(**PRESETS[name])


@pytest.mark.parametrize("options", [hpo.HpoSettings, nas.NasSettings])
def test_options_changed_in_the_plan_are_checked_again(options):
    with pytest.raises(UserError, match="--epochs must be"):
        dataclasses.replace(options(), epochs=math.inf)
