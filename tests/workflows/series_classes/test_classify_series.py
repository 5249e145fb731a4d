"""workflows/classify_series.py from a file to a model that another process loads; it resumes.

What the end makes of trials, without Ray: tests/studies/series_classes/test_series_conclusion.py.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.studies import rows_of, runs_of, wait_for
from tests.trainables.series_classes.made_series import waves, write_ts

ROOT = Path(__file__).parents[3]
LOADED = """
import json, sys, mlflow, numpy
sys.modules["automl_on_ray"] = None  # not to be imported
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
series = numpy.load(sys.argv[3])
print(json.dumps(model.predict(series).to_dict("list")))
print(json.dumps(model.predict(list(series)).to_dict("list")))
"""
# Fits of a moment, one at a time: what is found does not depend on the clock.
QUICK = ["--folds", 2, "--trials", 3, "--slots", 1, "--cpus-per-trial", 1, "--scheduler", "fifo",
         "--space", "tests.workflows.series_classes.quick_series:SPACE"]  # fmt: skip


def command(storage, name, *arguments):
    words = [ROOT / "workflows" / "classify_series.py", "--storage", storage, "--name", name]
    return [sys.executable, *map(str, [*words, *arguments])]


def run(storage, name, *arguments):
    return subprocess.run(
        command(storage, name, *arguments), cwd=ROOT, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_ts(tmp_path_factory.mktemp("waves"), count=20, channels=2, unequal=True)


@pytest.fixture(scope="module")
def done(storage, data):
    return run(storage, "whole", data, *QUICK, "--objective=accuracy,-predict_seconds")


@pytest.mark.whole
def test_the_end_has_the_classical_ways_beside_what_was_found(done, storage):
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((storage / "whole" / "series_report.json").read_text())["report"]
    assert [one["name"] for one in report["compared"]] == [
        "1-NN", "ROCKET", "best single", "ensemble",
    ]  # fmt: skip
    assert "as far as this test part can tell" in done.stdout or "ROCKET: +" in done.stdout
    assert len(rows_of(storage, "whole")) == 3


@pytest.mark.whole
def test_the_registered_model_is_loaded_without_this_repository(done, storage, tmp_path):
    uri = json.loads((storage / "whole" / "summary.json").read_text())["model"]
    np.save(tmp_path / "asked.npy", np.stack(waves(4, channels=2, seed=2)[0]))
    given = [f"sqlite:///{storage}/mlflow.db", uri, tmp_path / "asked.npy"]
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, given)], cwd=tmp_path, capture_output=True,
        text=True,
    )  # fmt: skip
    assert loaded.returncode == 0, loaded.stderr
    array, listed = map(json.loads, loaded.stdout.splitlines()[-2:])
    assert set(array) == {"label", "probability", "P(a)", "P(b)"}
    assert array["label"] == listed["label"]


@pytest.mark.whole
def test_the_page_of_the_study_has_the_figures_of_its_test_part(done, storage):
    (study,) = runs_of(storage, "whole")["study"]
    page = next(Path(study.info.artifact_uri.removeprefix("file://")).rglob("*.html")).read_text()
    for name in ("Comparison on the test series", "Confusion of classes", "Examples by class"):
        assert f"<h2>{name}</h2>" in page


@pytest.mark.whole
def test_killed_and_resumed_it_ends_the_same(storage, data):
    whole = run(storage, "one", data, *QUICK)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    process = subprocess.Popen(
        command(storage, "killed", data, *QUICK), cwd=ROOT, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    for sign in ("search/*/checkpoint_000000", "search/kept/experiment_state*"):
        wait_for(sign, storage / "killed", process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    again = run(storage, "killed", data, *QUICK)
    assert again.returncode == 0, again.stdout + again.stderr

    def told(name):
        return [(row["config"], row["outcome"], row["metrics"].get("val_accuracy"))
                for row in rows_of(storage, name)]  # fmt: skip

    assert told("killed") == told("one")
    reports = [json.loads((storage / name / "series_report.json").read_text())["report"]
               for name in ("killed", "one")]  # fmt: skip
    for key in ("metric", "series", "confusion", "examples"):
        assert reports[0][key] == reports[1][key]
    scores = [[one["scores"] for one in report["compared"]] for report in reports]
    assert scores[0] == scores[1]
