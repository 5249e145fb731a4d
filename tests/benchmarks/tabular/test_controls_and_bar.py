"""The ways that need no search, and a run of the bar as its line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmarks.tabular import bar
from benchmarks.tabular._controls import estimator
from benchmarks.tabular.data import JUDGING, by_name
from benchmarks.tabular._exchange import Asked, cpu_seconds, read_asked, write_asked
from benchmarks.tabular.environments import python_of

ROOT = Path(bar.__file__).parents[2]
every_control = pytest.mark.parametrize("way", bar.CONTROLS)


def asked(way, classes=("no", "yes")):
    task = "binary" if classes else "regression"
    return Asked(way, "towns", "y", task, "auc" if classes else "rmse", 10, 0, classes)


def frame_with_all_kinds(rows=400, seed=0):
    generator = np.random.default_rng(seed)
    number = generator.normal(size=rows)
    words = pd.Series([f"town {n}" for n in generator.integers(300, size=rows)])
    features = pd.DataFrame({"number": number, "town": words, "flag": number > 1})
    features.loc[::7, "number"], features.loc[::5, "town"] = np.nan, None
    return features, number


@every_control
@pytest.mark.parametrize("classes", [("no", "yes"), ()])
def test_a_control_takes_missing_values_and_many_and_unseen_categories(way, classes):
    features, number = frame_with_all_kinds()
    answers = np.where(number > 0, "yes", "no") if classes else number
    model = estimator(asked(way, classes), features).fit(features, answers)
    unseen = features.assign(town="elsewhere")
    predict = model.predict_proba if classes else model.predict
    for found in (predict(features), predict(unseen)):
        assert found.shape == ((len(features), 2) if classes else (len(features),))
        assert np.isfinite(found).all()
    score = model.score(features, answers)
    assert score > 0.8 if way != "constant" else score < 0.6


def test_what_is_asked_comes_back_without_the_answers_of_the_test(tmp_path):
    features, number = frame_with_all_kinds(20)
    whole = features.assign(y=number)
    write_asked(tmp_path, asked("linear"), whole, whole)
    known, train, test = read_asked(tmp_path)
    assert known == asked("linear")
    assert list(train) == ["number", "town", "flag", "y"]
    pd.testing.assert_frame_equal(test, train.drop(columns="y"))


def test_a_run_is_a_line_and_one_that_fails_says_why():
    (attrition,) = by_name(["attrition"], JUDGING)
    line = bar.run("linear", attrition, 0, 10, None)
    assert line["value"] > 0.75  # a constant has 0.5
    assert (line["way"], line["set"], line["metric"]) == ("linear", "attrition", "auc")
    assert "No module named" in bar._failure([sys.executable, "-m", "no_such"], 60)


def test_what_is_known_is_not_run_again_and_becomes_a_table(tmp_path):
    out = tmp_path / "bar.jsonl"
    out.write_text(
        '{"way": "constant", "set": "jobs", "seed": 0, "seconds": 60.0, "metric": "log_loss",'
        ' "value": 1.0}\n'
        '{"way": "linear", "set": "jobs", "seed": 0, "seconds": 60.0, "metric": "log_loss",'
        ' "value": 0.5}\n'
    )
    before = out.read_text()
    app = bar.typer.Typer()
    app.command()(bar.main)
    of_jobs = ["--out", str(out), "--set", "jobs", "--way", "linear"]
    assert CliRunner().invoke(app, [*of_jobs, "--seeds", "1"]).exit_code == 0
    assert out.read_text() == before
    shown = CliRunner().invoke(app, [*of_jobs, "--table"]).output
    assert "1 data sets, 1 runs a way" in shown
    assert "linear" in shown


def test_values_are_those_of_any_probabilities():
    (jobs,) = by_name(["jobs"], JUDGING)
    answers = pd.Series(["F", "L", "M", "VF"])
    assert bar.value(jobs, answers, 3 * np.eye(4)) == pytest.approx(0, abs=1e-9)
    assert bar.value(jobs, answers, np.ones((4, 4))) == pytest.approx(np.log(4))


def test_cpu_seconds_count_processes_below_that_have_ended():
    burn = "import time\nwhile time.process_time() < 0.5: pass"
    before = cpu_seconds()
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert 0.4 < cpu_seconds() - before < 5


def test_a_tool_may_take_cpu_time_for_the_clock():
    code = """
import time
now = time.time()
from benchmarks.tabular._exchange import count_cpu_instead_of_the_clock
count_cpu_instead_of_the_clock()
assert abs(time.time() - now) < 3600
for name in ("time", "perf_counter"):
    clock = getattr(time, name)
    began, cpu = clock(), time.process_time()
    while time.process_time() < cpu + 0.1: pass
    assert abs((clock() - began) - (time.process_time() - cpu)) < 0.01
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_an_environment_that_was_not_made_to_the_end_is_none(tmp_path):
    (tmp_path / "flaml").mkdir()
    with pytest.raises(FileNotFoundError, match=r"benchmarks\.tabular\.environments"):
        python_of(tmp_path, "flaml")
