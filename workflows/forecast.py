"""From series to forecasts: python workflows/forecast.py --help"""

from automl_on_ray.command_line import command_of, run_command, step
from automl_on_ray.studies.forecasting import ForecastSettings


def run(asked: ForecastSettings) -> None:
    """Search a model that forecasts many series, on Ray Tune: network, trees or a statistical one.

    What was read, and where it is cut, is said before anything starts. What did best on earlier
    origins is fitted again, compared once with seasonal naive, Theta and ETS on the test part, and
    registered. Ctrl-C stops cleanly; the same command with the same --name goes on.
    """
    with step("Loading Ray", quick=0):
        from automl_on_ray.studies.forecasting import search_forecasts

    search_forecasts(asked)


forecast = command_of(run, ForecastSettings)

if __name__ == "__main__":
    run_command(forecast)
