"""What a command line says of errors that are nobody's bug."""

import errno

import pytest
from ray.tune import TuneError

from search_spaces._errors import UserError
from workflows._cli import told_plainly

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UserError("It is\nwrong."), 2, "Error: It is wrong."),
        (FULL, 3, "free some, and the same command goes on"),
        (TuneError(f"Traceback ...\n{FULL}"), 3, "free some, and the same command goes on"),
        (KeyboardInterrupt(), 130, "Stopped; nothing was lost."),
    ],
)
def test_it_is_one_line_and_an_exit_code(error, code, said, capsys):
    with pytest.raises(SystemExit) as ended, told_plainly():
        raise error
    assert ended.value.code == code
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_other_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), told_plainly():
        raise ZeroDivisionError
