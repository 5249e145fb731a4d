"""From events to a recommender: python workflows/recommend.py --help"""

from automl_on_ray.command_line import command_of, run_command, step
from automl_on_ray.studies.recommendation import RecommendSettings


def run(asked: RecommendSettings) -> None:
    """Search a recommender for events on Ray Tune: who took what, and when.

    What was read, and how it is split, is said before anything starts. The best is fitted again to
    all before the test part, compared there once with the classical methods, and registered. Ctrl-C
    stops cleanly; the same command with the same --name goes on.
    """
    with step("Loading Ray", quick=0):
        from automl_on_ray.studies.recommendation import search_recommenders

    search_recommenders(asked)


recommend = command_of(run, RecommendSettings)

if __name__ == "__main__":
    run_command(recommend)
