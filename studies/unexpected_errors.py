"""Tells an unexpected error in one line, and keeps its traceback in the study's folder."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from automl_on_ray.command_line import UNEXPECTED_ERROR, disk_is_full, is_python_call
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folder import StudyFolder
from automl_on_ray.tracking import error_line

TRACEBACK = "error.txt"


@contextmanager
def traceback_kept(study: StudyFolder) -> Iterator[None]:
    """What ends the study by an exception is written to `error.txt` in its folder; exit code 1.

    A mistake of the user's, a full disk and Ctrl-C go on as they are, for
    `user_errors_to_exit_codes`; the first also where Tune has made a text of it. A Python program
    gets the exception itself.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if disk_is_full(error):
            raise
        line = error_line(f"{error}" if "Traceback (most" in str(error) else _text(error))
        kind, _, told = line.partition(": ")
        if kind.endswith(UserError.__name__):
            raise UserError(told) from error
        path = study.path / TRACEBACK
        path.write_text(_text(error))
        if is_python_call():
            raise
        print(
            f"Error: The study was ended by an unexpected error: {line} (Its traceback is in "
            f"{path}.) What was done is kept; the same command with --name {study.path.name} goes "
            "on with it.",
            file=sys.stderr,
        )
        raise SystemExit(UNEXPECTED_ERROR) from None


def _text(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
