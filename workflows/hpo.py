"""Hyperparameter optimisation: python workflows/hpo.py --help"""

from automl_on_ray.command_line import command_of, run_command, step
from automl_on_ray.studies.hpo import HpoSettings


def run(asked: HpoSettings) -> None:
    """Tune hyperparameters on Ray Tune, with Ax's proposals, every trial tracked in MLflow.

    The best config is trained again with several seeds and tested once. Ctrl-C stops cleanly; the
    same command with the same --name goes on.
    """
    with step("Loading Ray", quick=0):
        from automl_on_ray.studies.hpo import tune_hyperparameters

    tune_hyperparameters(asked)


hpo = command_of(run, HpoSettings)

if __name__ == "__main__":
    run_command(hpo)
