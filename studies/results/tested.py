"""What the final trials of a study have reported of the test part."""

from collections.abc import Sequence

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import TrialRow


def metrics_of_tests(rows: Sequence[TrialRow], declared: Sequence[Objective]) -> list[str]:
    """Those `declared` that any row has, in their order; else all that are called `test_...`."""
    reported = {name for row in rows for name in row.metrics}
    named = [goal.metric for goal in declared if goal.metric in reported]
    return named or sorted(name for name in reported if name.startswith("test_"))
