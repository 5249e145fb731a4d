"""The ways to derive a cell from a supernet, by their words."""

from automl_on_ray.search_spaces.core import check_choice

SELECTIONS = ("magnitude", "perturbation")


def check_selection(name: str) -> None:
    """UserError with the list for an unknown way to derive cells."""
    check_choice("selection", name, SELECTIONS)
