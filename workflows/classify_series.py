"""From labelled series to a model: python workflows/classify_series.py --help"""

from automl_on_ray.command_line import command_of, run_command, step
from automl_on_ray.studies.series_classes import SeriesSettings


def run(asked: SeriesSettings) -> None:
    """Search a classifier of time series on Ray Tune: ROCKET, a 1-D CNN, nearest neighbours.

    What was read, and how it is split, is said before anything starts. What did best on held-out
    folds is fitted again, tested once beside 1-NN and ROCKET, and registered. Ctrl-C stops cleanly;
    the same command with the same --name goes on.
    """
    with step("Loading Ray", quick=0):
        from automl_on_ray.studies.series_classes import search_classifiers

    search_classifiers(asked)


classify_series = command_of(run, SeriesSettings)

if __name__ == "__main__":
    run_command(classify_series)
