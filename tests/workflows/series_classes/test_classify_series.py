"""workflows/classify_series.py from a file to a registered model.

What the end makes of trials, without Ray: tests/studies/series_classes/test_series_conclusion.py.
Without this project: tests/trainables/series_classes/registered. Killed and resumed, as studies by
folds are: tests/workflows/tables. What is kept of a trial:
tests/trainables/series_classes/test_series_classifier.py.
"""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from automl_on_ray import load_model
from automl_on_ray.workflows.classify_series import classify_series
from tests.helpers.studies import rows_of
from tests.trainables.series_classes.made_series import waves, write_ts

app = typer.Typer()
app.command()(classify_series)

# Fits of a moment, one at a time: what is found does not depend on the clock.
QUICK = ["--folds", 2, "--trials", 3, "--slots", 1, "--cpus-per-trial", 1, "--scheduler", "fifo",
         "--space", "tests.workflows.series_classes.quick_series:SPACE"]  # fmt: skip


@pytest.mark.whole
def test_a_search_ends_beside_the_classical_ways_with_a_registered_model(
    storage, ray_cluster, tmp_path
):
    data = write_ts(tmp_path, count=20, channels=2, unequal=True)
    asked = ["--storage", storage, "--name", "whole", data, *QUICK]
    done = CliRunner().invoke(app, [*map(str, asked), "--objective=accuracy,-predict_seconds"])
    assert done.exit_code == 0, done.output
    report = json.loads((storage / "whole" / "series_report.json").read_text())["report"]
    assert [one["name"] for one in report["compared"]] == [
        "1-NN", "ROCKET", "best single", "ensemble",
    ]  # fmt: skip
    assert "as far as this test part can tell" in done.output or "ROCKET: +" in done.output
    assert len(rows_of(storage, "whole")) == 3

    uri = json.loads((storage / "whole" / "summary.json").read_text())["model"]
    model, series = load_model(uri, storage), waves(4, channels=2, seed=2)[0]
    array, listed = model.predict(np.stack(series)), model.predict(series)
    assert set(array) == {"label", "probability", "P(a)", "P(b)"}
    assert list(array["label"]) == list(listed["label"])
