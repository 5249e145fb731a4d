"""Compare methods of search: python workflows/compare.py --help"""

from automl_on_ray.command_line import command_of, run_command, step
from automl_on_ray.studies.comparison import CompareSettings


def run(asked: CompareSettings) -> None:
    """Compare methods of search with many seeds: on a table, on a function, or by real training.

    On a table (--table) or a function (--function) a run takes milliseconds. By real training
    (--space alone) each method's best is trained anew, all alike, with --retrain seeds. Random
    search is always in the table. The same command with the same --name goes on.
    """
    with step("Loading Ray"):
        from automl_on_ray.studies.comparison import compare_methods

    compare_methods(asked)


compare = command_of(run, CompareSettings)

if __name__ == "__main__":
    run_command(compare)
