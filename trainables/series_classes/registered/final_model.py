"""The model that a study of series registers."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from automl_on_ray.search_spaces.data_kinds import ArrayInput, FinalModel
from automl_on_ray.trainables.registered_models import Brought, bring_code
from automl_on_ray.trainables.series_classes.registered.predictor import Bagged
from automl_on_ray.trainables.series_classes.series_set import SeriesSet

PACKAGES = ("numpy", "pandas", "torch")
BROUGHT = Brought(
    "automl_on_ray.trainables.series_classes",
    Path(__file__).parents[1],
    ("models/*.py", "registered/predictor.py", "registered/series_model.py"),
    entry="registered.series_model",
    start="automl_series",
)
EXAMPLES = 3  # series
PAGE = """Tells of which class a series is: {classes}.

`mlflow.pyfunc.load_model("models:/{{name}}/{{version}}").predict(series)` answers a DataFrame, \
one row a series: `label`, its `probability`, and `P(NAME)` of each class.

A series has {channels}. Give an array (n, channels, length), with NaN after the end of a \
shorter series, or a list of arrays (channels, length). The model was fitted to series of \
{lengths} points; others are taken.
"""


def final_model_of(
    bagged: Bagged, data: SeriesSet, metrics: Mapping[str, float], *, folder: Path
) -> FinalModel:
    """`metrics` are those of the test part. The code that goes with it is written to `folder`."""
    code = bring_code(BROUGHT, folder)
    shape = (-1, data.values.shape[1], -1)
    outputs = [("label", "string"), ("probability", "double")]
    outputs += [(f"P({name})", "double") for name in data.classes]
    low, high = data.lengths
    channels = "1 channel" if data.values.shape[1] == 1 else f"{data.values.shape[1]} channels"
    return FinalModel(
        write=partial(_write, bagged),
        code=(code,),
        inputs=ArrayInput("float32", shape),
        outputs=tuple(outputs),
        example=data.values[:EXAMPLES],
        requirements=PACKAGES,
        facts={
            "kind": "series classes",
            "classes": list(data.classes),
            "channels": data.values.shape[1],
            "lengths": [low, high],
            "members": {trial: member.weight for trial, member in bagged.members.items()},
        },
        page=PAGE.format(
            classes=", ".join(data.classes), channels=channels,
            lengths=low if low == high else f"{low} to {high}",
        ),
        metrics=metrics,
    )  # fmt: skip


def _write(bagged: Bagged, folder: Path) -> Path:
    place = folder / "model"
    bagged.save(place)
    return place
