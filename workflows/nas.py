"""Neural architecture search: python workflows/nas.py --help"""

from automl_on_ray.command_line import command_of, run_command, step
from automl_on_ray.studies.architecture import NasSettings


def run(asked: NasSettings) -> None:
    """Search a network's architecture on Ray Tune, every trial tracked in MLflow.

    DARTS supernets or another --space are searched, what is found is trained briefly beside random
    ones, and the best is trained from scratch, tested once and registered. --minutes bounds the
    search. Ctrl-C stops cleanly; the same command with the same --name goes on.
    """
    with step("Loading Ray", quick=0):
        from automl_on_ray.studies.architecture import search_architectures

    search_architectures(asked)


nas = command_of(run, NasSettings)

if __name__ == "__main__":
    run_command(nas)
