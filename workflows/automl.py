"""From a table to a model: python workflows/automl.py --help"""

from automl_on_ray.command_line import command_of, run_command, step
from automl_on_ray.studies.tables import AutomlSettings


def run(asked: AutomlSettings) -> None:
    """Search a pipeline for a table on Ray Tune: preparation, model, hyperparameters, ensemble.

    What was read, and how it is split, is said before anything starts. The ensemble of what did
    best on held-out folds is tested once and registered. Ctrl-C stops cleanly; the same command
    with the same --name goes on.
    """
    with step("Loading Ray", quick=0):
        from automl_on_ray.studies.tables import search_pipelines

    search_pipelines(asked)


automl = command_of(run, AutomlSettings)

if __name__ == "__main__":
    run_command(automl)
