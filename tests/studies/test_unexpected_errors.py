"""What is said of an error that nobody foresaw."""

import errno
import traceback

import pytest
from ray.tune import TuneError

from automl_on_ray.command_line import python_call
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies import traceback_kept
from automl_on_ray.studies.folder import StudyFolder


def end(folder, error):
    with traceback_kept(StudyFolder(folder, "id", {})):
        raise error


def test_it_is_a_line_that_says_where_its_traceback_is_and_how_to_go_on(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        end(tmp_path, ZeroDivisionError("of [a/b]"))
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "ZeroDivisionError: of [a/b]" in line
    assert f"--name {tmp_path.name}" in line
    assert str(tmp_path / "error.txt") in line
    assert "raise error" in (tmp_path / "error.txt").read_text()


def test_a_python_program_gets_the_exception_itself(tmp_path, capsys):
    with pytest.raises(ZeroDivisionError), python_call():
        end(tmp_path, ZeroDivisionError("of [a/b]"))
    assert "raise error" in (tmp_path / "error.txt").read_text()
    assert capsys.readouterr().err == ""


def test_it_names_what_tune_has_made_a_text_of(tmp_path, capsys):
    try:
        {}["lost"]
    except KeyError:
        wrapped = TuneError(traceback.format_exc())
    with pytest.raises(SystemExit):
        end(tmp_path, wrapped)
    assert "unexpected error: KeyError: 'lost'" in capsys.readouterr().err


def test_a_mistake_of_the_users_stays_one_also_where_tune_has_made_a_text_of_it(tmp_path):
    try:
        raise UserError("Mend it.")
    except UserError as error:
        wrapped, plain = TuneError(traceback.format_exc()), error
    for error in (wrapped, plain):
        with pytest.raises(UserError, match="Mend it"):
            end(tmp_path, error)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), SystemExit(3)]
)
def test_what_is_told_otherwise_goes_on_as_it_is(tmp_path, error):
    with pytest.raises(type(error)):
        end(tmp_path, error)
    assert not list(tmp_path.iterdir())
