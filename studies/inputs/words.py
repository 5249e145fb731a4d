"""What is refused by the words of a command alone: before Ray is loaded, which takes seconds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl_on_ray.command_line import step
from automl_on_ray.search_spaces.core import (
    UserError,
    check_no_secrets,
    load_object,
    module_of,
    parse_objectives,
)
from automl_on_ray.studies.inputs.json_files import TABLES, read_list
from automl_on_ray.studies.inputs.names import check_experiment, check_model, check_study

# Options whose values are files of a room, unless they lead to the user's own code.
_ROOMS = {
    "searcher": "searchers",
    "scheduler": "schedulers",
    "space": "search_spaces",
    "evaluation": "studies.architecture.evaluations",
}
_FILES = ("replay", "try_first")  # with a JSON list each


def check_words(given: Mapping[str, Any]) -> None:
    """UserError for names, choices, objectives and files that there cannot be, or are not.

    `given` are the values of options, by their fields; None where one has no value yet.
    """
    check_no_secrets(given)  # all of it may be kept
    if given["name"] is not None:
        check_study(given["name"])
    check_experiment(given["experiment"])
    check_model(given.get("register"))
    for option in _ROOMS:
        check_choice_of(option, given.get(option))
    if given["objective"] is not None:
        parse_objectives(given["objective"])
    files = [given[option] for option in _FILES if given.get(option) is not None]
    for path in [*files, *map(Path, given.get("known") or ())]:
        _check_file(path)


def check_own_code(given: Mapping[str, Any]) -> None:
    """UserError for a space or trainable of the user's that cannot be imported."""
    for option in ("space", "trainable"):
        path = given.get(option) or ""  # some kinds of studies have none
        if ":" in path:
            with step(f"Importing {path.partition(':')[0]}"):
                load_object(path, kind=option)


def _check_file(path: Path) -> None:
    """UserError for a file that is not there, or is no list. A pipe can be read but once."""
    if path.suffix.lower() in TABLES:
        if not path.exists():
            raise UserError(f"There is no table at {path}.")
    elif path.is_file() or not path.exists():
        read_list(path)


def check_choice_of(option: str, word: str | None) -> None:
    """UserError with the list for a word that no file of the option's room is called by."""
    name, colon, _ = (word or "").partition(":")
    own_code = colon and option == "space"
    if word is not None and not own_code:
        module_of(_ROOMS[option], name, kind=option)


def check_budget(*, cost: float | None, price_per_hour: float | None) -> None:
    """UserError for one of the two without the other."""
    if (cost is None) != (price_per_hour is None):
        raise UserError("--cost and --price-per-hour go together: give both or neither.")
