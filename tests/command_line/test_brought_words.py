"""Words of other tools are answered with those that are used here."""

import inspect

import pytest

from automl_on_ray.command_line.brought_words import OPTIONS, VALUES
from automl_on_ray.search_spaces.core import choices
from docs import options_page
from tests.command_line.commands import COMMANDS, call, said

OURS = {name: {word for one in options_page.declared(name)
               for word in one.spellings or [one.field.upper()]}
        for name in COMMANDS}  # fmt: skip
ROOMS = {"searcher": "searchers", "scheduler": "schedulers"}
BROUGHT = [
    (command, word)
    for command in COMMANDS
    for word in dict.fromkeys(word for one in OPTIONS for word in one.words)
    if any(here in OURS[command] for one in OPTIONS if word in one.words for here in one.here)
    and word not in OURS[command]
]
CHOSEN = [(option, word, one.here[0]) for option in VALUES for one in VALUES[option]
          for word in one.words if word not in choices(ROOMS[option])]  # fmt: skip


@pytest.mark.parametrize(("command", "word"), BROUGHT)
def test_an_option_of_another_tool_is_answered_with_ours(command, word, monkeypatch, capsys):
    line = said(command, word, "3", monkeypatch=monkeypatch, capsys=capsys)
    assert line.startswith(f"Error: {word} is ")
    assert line.split()[3] in OURS[command]


@pytest.mark.parametrize(("option", "word", "here"), CHOSEN)
def test_a_choice_of_another_tool_is_answered_with_ours(option, word, here, tmp_path):
    done = call("hpo", f"--{option}", word, "--storage", tmp_path)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    right, name = (here if here.startswith("--") else f"--{option} {here}").split()
    assert line.startswith(f"Error: {word} is {right} {name} here")
    assert name in choices(ROOMS[right.removeprefix("--")])
    assert not any(tmp_path.iterdir())


def test_every_word_of_the_table_is_tried():
    tried = {word for _, word in BROUGHT}
    assert {word for one in OPTIONS for word in one.words} <= tried
    for word in ("--num-samples", "--n-trials", "--n-jobs", "--max-epochs", "--lr", "--metric",
                 "--mode"):  # fmt: skip
        assert word in tried
    assert {"tpe", "bohb", "successive-halving", "grid"} <= {word for _, word, _ in CHOSEN}


def test_underscores_are_understood_too(monkeypatch, capsys):
    line = said("hpo", "--num_samples", "3", monkeypatch=monkeypatch, capsys=capsys)
    assert line.startswith("Error: --num-samples is --trials here")


def test_a_word_that_nobody_brings_is_refused_as_ever(monkeypatch, capsys):
    line = said("hpo", "--nonsense", monkeypatch=monkeypatch, capsys=capsys)
    assert line.startswith("Error: No such option: --nonsense")


def test_no_option_of_ours_is_in_the_table():
    for command in COMMANDS.values():
        ours = {f"--{name.replace('_', '-')}" for name in inspect.signature(command).parameters}
        taken = {w for one in OPTIONS for w in one.words if set(one.here) & ours} & ours
        assert taken <= {"--learning-rate"}  # nas.py has it; of hpo.py it is a part of the space
