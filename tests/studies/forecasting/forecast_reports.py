"""Reports of studies of forecasts, made up."""

from automl_on_ray.studies.forecasting import Compared, Example, ForecastReport, Interval

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
BASELINES = ("seasonal naive", "Theta", "ETS")


def compared(name, mase, gains=None, interval=True):
    ends = (mase - 0.05, mase + 0.05) if interval else (None, None)
    return Compared(
        name,
        {"mase": mase, "smape": 10 * mase, "wql": mase / 10, "coverage": 0.78},
        Interval(mase, *ends),
        {other: Interval(*gain) for other, gain in (gains or {}).items()},
        by_step=(mase - 0.1, mase, None),
        below=LEVELS,
        seconds=1.5,
    )


def example(name="shop 1", past=(1.0, None, 3.0)):
    return Example(
        name, ("1", "2", "3", "4", "5", "6"), past, (4.0, 5.0, None), (3.0, 3.5, 4.0),
        (4.0, 4.5, 5.0), (5.0, 6.0, 6.5), (3.0, 3.0, 3.0),
    )  # fmt: skip


def report(gains=None, found=0.9, examples=3, interval=True):
    """By default better than seasonal naive, worse than Theta, and as good as ETS."""
    gains = gains or {"seasonal naive": (0.3, 0.2, 0.4), "Theta": (-0.1, -0.2, -0.05),
                      "ETS": (0.01, -0.1, 0.1)}  # fmt: skip
    values = {"seasonal naive": 1.2, "Theta": 0.8, "ETS": 0.91}
    return ForecastReport(
        metric="mase",
        series=120,
        horizon=3,
        season=12,
        levels=LEVELS,
        baselines=BASELINES,
        best_baseline="Theta",
        compared=(
            *(compared(name, value, interval=interval) for name, value in values.items()),
            compared("best single", 0.95, gains, interval),
            compared("ensemble", found, gains, interval),
        ),
        examples=tuple(example(f"shop {number}") for number in range(examples)),
        members={"t_1": 0.75, "t_2": 0.25},
        models={"t_1": "mlp", "t_2": "theta"},
    )
