"""What the terminal says when the user stops a study: how to resume it."""

from collections.abc import Sequence
from typing import NoReturn

from automl_on_ray.command_line import INTERRUPTED, console, same_command
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.finish.terminal_report import print_trials
from automl_on_ray.studies.folder import StudyFolder
from automl_on_ray.studies.trial_rows import Row


def say_how_to_go_on(
    study: StudyFolder, rows: Sequence[Row], objectives: Sequence[Objective], step: str = "epoch"
) -> NoReturn:
    """After Ctrl-C: everything is kept; exit code 130.

    UserError if it was no Ctrl-C: the study was resumed on another machine.
    """
    study.check_ours()
    print_trials(rows, objectives, step)
    console.print("Stopped; everything is kept. To go on:")
    console.print(f"  {same_command(study.path.name)}", style="bold", soft_wrap=True)
    raise SystemExit(INTERRUPTED)
