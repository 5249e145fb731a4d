"""Which trials the end compares: scores of others are of other folds."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from automl_on_ray.command_line import console
from automl_on_ray.studies.trial_rows import Row


def of_whole_trials(
    rows: Sequence[Row], steps: int, advice: str, limits: Collection[str] = ()
) -> list[Row]:
    """All rows; without scores of trials that did fewer `steps`.

    A trial that an error of the types `limits` has ended is "limited", which is no failure of the
    study's. Where no trial did all, it is told, with the `advice` what to give.
    """
    found = [_judged(row, steps, limits) for row in rows]
    if rows and not any(row.metrics for row in found):
        told = f"No config did all {steps} steps in time. {advice}"
        console.print(told, style="yellow", soft_wrap=True)
    return found


def _judged(row: Row, steps: int, limits: Collection[str]) -> Row:
    kind = (row.error or "").partition(":")[0].rpartition(".")[2]
    outcome = "limited" if kind in limits else row.outcome
    return replace(row, outcome=outcome, metrics=row.metrics if row.iterations >= steps else {})
