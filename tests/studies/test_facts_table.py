"""What all kinds of study tell of their data and their search, before anything starts."""

import numpy as np
import pytest

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.facts_table import (
    REMARK,
    aims,
    print_facts_table,
    search_told,
    shares_of,
)
from automl_on_ray.studies.tables import AutomlSettings


def test_an_objective_is_told_by_what_is_wanted_of_it():
    objectives = [Objective("val_auc", "max"), Objective("predict_seconds", "min")]
    assert aims(objectives) == "high auc, low predict_seconds"


@pytest.mark.parametrize(
    ("count", "more"), [(2, ""), (6, ""), (7, " and 1 more"), (9, " and 3 more")]
)
def test_the_most_common_classes_are_told_with_their_shares(count, more):
    """Of those as common the first; a class may have no row."""
    classes = tuple("abcdefghi"[:count])
    codes = np.array([1, 1, 1, *[0] * 1])
    told = shares_of(classes, codes)
    assert told.startswith("b 75.0%, a 25.0%")
    assert told.count("%") == min(count, 6)
    assert told.endswith(more or "%")
    assert more or "more" not in told


def test_a_search_is_told_with_its_time_if_it_has_one():
    asked = {"dataset": "x.csv", "target": "y", "searcher": "optuna", "scheduler": "fifo"}
    told = "optuna and fifo on space tables"
    assert search_told(AutomlSettings(**asked, minutes=7.5)) == f"{told}, 7.5 minutes"
    assert search_told(AutomlSettings(**asked, minutes=None)) == told


def test_each_fact_has_a_line_and_commands_no_terminal(capsys):
    print_facts_table("of\x1b[1m it", [("rows", "3 [bold]"), (REMARK, "odd\x07")])
    printed = capsys.readouterr().out
    assert "rows" in printed
    assert "3 [bold]" in printed
    assert "odd" in printed
    assert "\x07" not in printed
