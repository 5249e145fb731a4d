"""Within a call from Python a study raises, where a command prints and ends."""

import logging
import random
import signal
import warnings

import pytest

from automl_on_ray.command_line import (
    FAILED_TRIALS,
    INTERRUPTED,
    NOT_TRACKED,
    command_line,
    is_python_call,
    python_call,
    quiet_libraries,
    user_errors_to_exit_codes,
)
from automl_on_ray.search_spaces.core import UserError


@pytest.mark.parametrize("code", [FAILED_TRIALS, NOT_TRACKED])
def test_failed_trials_and_a_tracker_that_is_behind_end_no_program(code):
    with python_call():
        raise SystemExit(code)


def test_an_interrupted_study_is_a_keyboard_interrupt_and_other_exits_stay_what_they_are():
    with pytest.raises(KeyboardInterrupt), python_call():
        raise SystemExit(INTERRUPTED)
    with pytest.raises(SystemExit), python_call():
        raise SystemExit(7)


def test_a_mistake_stays_a_user_error(capsys):
    with pytest.raises(UserError, match="no such"), python_call(), user_errors_to_exit_codes():
        raise UserError("no such space")
    assert capsys.readouterr().err == ""
    with pytest.raises(SystemExit), user_errors_to_exit_codes():
        raise UserError("no such space")
    assert "no such space" in capsys.readouterr().err


def test_the_program_s_own_logging_warnings_and_signals_are_as_before():
    disabled, filters = logging.root.manager.disable, list(warnings.filters)
    at_end, drawn = signal.getsignal(signal.SIGTERM), random.getstate()
    logging.getLogger("mlflow").setLevel(logging.DEBUG)
    with python_call():
        quiet_libraries()
        random.seed(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        assert logging.root.manager.disable == logging.INFO
        assert is_python_call()
        with python_call():
            pass
        assert is_python_call(), "one within it has ended"
    assert not is_python_call()
    assert logging.root.manager.disable == disabled
    assert list(warnings.filters) == filters
    assert random.getstate() == drawn
    assert logging.getLogger("mlflow").level == logging.DEBUG
    assert signal.getsignal(signal.SIGTERM) == at_end


def test_a_notebook_goes_on_by_the_same_call(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/nowhere/kernel_launcher.py"])
    with python_call():
        assert command_line() == "the same call in Python"
