"""Small checks of a command's options, before anything is started."""

import time
from collections.abc import Mapping
from pathlib import Path

from search_spaces._errors import UserError
from trainables.datasets._dataset import is_path


def check_counts(at_least_one: Mapping[str, int | None], at_least_zero: Mapping[str, int]) -> None:
    """UserError for an option whose number makes no sense; keys are the options' names."""
    for least, options in ((1, at_least_one), (0, at_least_zero)):
        for option, value in options.items():
            if value is not None and value < least:
                raise UserError(f"{option} must be at least {least}, but got {value}.")


def data_source(dataset: str) -> str:
    """A path made absolute, since trials run in other folders; a name as it is."""
    return str(Path(dataset).expanduser().absolute()) if is_path(dataset) else dataset


def study_name(name: str | None, prefix: str) -> str:
    return name if name is not None else f"{prefix}-{time.strftime('%Y%m%d-%H%M%S')}"
