import pytest

from automl_on_ray.command_line import console, step
from automl_on_ray.command_line.steps import QUICK_SECONDS, SILENCE_SECONDS, tell_of


def lasting(seconds):
    """Something that is over after so long, and a clock beside it."""
    passed = [0.0]

    def over(wait):
        passed[0] = min(seconds, passed[0] + wait)
        return passed[0] == seconds

    return over, lambda: passed[0]


def test_what_is_quick_has_no_line_in_a_log(capsys):
    tell_of("Starting Ray", *lasting(QUICK_SECONDS))
    assert capsys.readouterr().out == ""


def test_what_is_surely_long_is_named_at_once(capsys):
    tell_of("Loading Ray", *lasting(QUICK_SECONDS / 2), quick=0)
    assert capsys.readouterr().out == "Loading Ray\n"


def test_what_lasts_is_named_and_then_told_of_again_and_again(capsys):
    tell_of("Waiting for [all] workers", *lasting(QUICK_SECONDS + 2.5 * SILENCE_SECONDS))
    assert capsys.readouterr().out.splitlines() == [
        "Waiting for [all] workers",
        "Waiting for [all] workers: 30 s so far",
        "Waiting for [all] workers: 60 s so far",
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_step_lets_errors_through_and_leaves_nothing_on_the_screen(terminal, monkeypatch, capsys):
    monkeypatch.setattr(console, "_force_terminal", terminal)
    monkeypatch.setattr(console, "is_interactive", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(ValueError, match="mine"), step("Reading [the] data"):
        raise ValueError("mine")
    console.print("next")
    told = capsys.readouterr().out
    assert ("Reading [the] data" in told) == terminal
    assert told.endswith("next\n")
