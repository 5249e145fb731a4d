"""From Python: one call tunes a function and returns what was found; a study is found by name."""

import json
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ray
from ray import tune as ray_tune
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from automl_on_ray import UserError, search_architecture, study, tune
from automl_on_ray.search_spaces import SearchSpace, build
from automl_on_ray.studies.from_python.calls import _settings
from automl_on_ray.studies.hpo import HpoSettings
from automl_on_ray.tracking.store import connect, find_studies
from tests.helpers.waiting import wait_until
from tests.studies.from_python.descending import SPACE, descend, found

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def descent(ray_cluster, storage):
    return found(storage, trials=6, scheduler="asha")


def test_the_best_is_as_the_function_was_given_it_at_full_precision(descent):
    best = descent.best
    x = best.config["x"]
    for _ in range(best.epochs):
        x -= best.config["opt"]["rate"] * (x - 1.0)
    assert (x - 1.0) ** 2 == best.metrics["loss"]
    assert best.epochs == 6
    assert best.outcome == "completed"
    assert (best.checkpoint / "state.json").exists()
    assert best == descent.top(3)[0]
    assert [t.metrics["loss"] for t in descent.top(3)] == sorted(
        t.metrics["loss"] for t in descent.top(3)
    )


def test_all_trials_and_their_curves_are_tables(descent):
    trials, curves = descent.trials(), descent.curves()
    assert len(trials) == 6
    assert set(trials["outcome"]) == {"completed", "pruned"}
    assert trials["loss"].min() == descent.best.metrics["loss"]
    assert {"config/x", "config/opt/rate"} <= set(trials.columns)
    assert len(curves) == trials["epochs"].sum()
    last = curves.groupby("trial")["loss"].last()
    assert dict(zip(trials["trial"], trials["loss"], strict=True)) == dict(last)


def test_summary_report_and_mlflow_have_the_same_best_and_counts(descent):
    best, summary = descent.best, descent.stored.summary
    assert summary.best == best.id
    client = connect(summary.tracking_uri)
    (run,) = (r for r in find_studies(client) if r.info.run_name == "descent")
    value, counts = f"{best.metrics['loss']:.6g}", descent.trials()["outcome"].value_counts()
    assert f"Best loss: **{value}**" in run.data.tags["mlflow.note.content"]
    assert run.data.metrics["best_loss"] == best.metrics["loss"]
    assert run.data.metrics["trials_pruned"] == counts.get("pruned", 0)
    page = Path(client.download_artifacts(run.info.run_id, "report.html")).read_text()
    assert f"Best loss: {value}, trial {best.id}" in page
    assert f"6 trials: {counts['completed']} completed" in page


def test_figures_are_plotlys_by_name(descent):
    history = descent.figures()["History of the best"]
    assert history.data[-1].y[-1] == descent.best.metrics["loss"]


def test_a_study_that_has_ended_is_found_by_its_name(descent, storage):
    again = study("descent", storage)
    assert again.state == "finished"
    assert again.best.id == descent.best.id
    assert again.trials().equals(descent.trials())
    assert again.links == descent.links != {}
    assert "6 trials, best loss" in repr(again)


def test_a_result_is_saved_to_a_new_folder_at_full_precision(descent, tmp_path):
    folder = descent.save(tmp_path / "descent")
    assert json.loads((folder / "best.json").read_text())["metrics"] == descent.best.metrics
    read = pd.read_csv(folder / "trials.csv")
    assert list(read["loss"]) == list(descent.trials()["loss"])
    assert len(pd.read_csv(folder / "curves.csv")) == len(descent.curves())
    with pytest.raises(UserError, match="is not empty"):
        descent.save(folder)


def test_options_are_typed_as_a_command_has_them():
    given = {"gpus_per_trial": 0.5, "minutes": np.float32(2), "outcome_constraint": "a <= 1",
             "try_first": "first.json", "storage": Path("kept"), "seed": np.int64(3)}  # fmt: skip
    asked = _settings(HpoSettings, given)
    assert (asked.gpus_per_trial, asked.minutes, asked.seed) == ("0.5", 2.0, 3)
    assert asked.outcome_constraint == ["a <= 1"]
    assert (asked.try_first, asked.storage) == (Path("first.json"), "kept")


@pytest.mark.whole
def test_the_same_call_with_the_same_name_adds_trials(descent, storage):
    """As the same command does, quickly: tests/studies/test_values_of_any_kind.py."""
    more = found(storage, trials=7, scheduler="asha")
    assert len(more.trials()) == 7
    assert set(descent.trials()["trial"]) < set(more.trials()["trial"])


def test_a_function_that_only_returns_its_metrics_completes_and_failed_trials_are_named(
    ray_cluster, storage
):
    def risky(config):
        if config["x"] > 0:
            raise OverflowError("too much")
        return config["x"] ** 2

    result = tune(
        risky, {"x": ray_tune.choice([-1.0, -2.0, 3.0])}, objective="-loss", trials=3,
        searcher="sobol", name="risky", storage=storage, max_failures=0, slots=1,
    )  # fmt: skip
    assert result.best.metrics == {"loss": 1.0}
    assert {t.outcome for t in result.top(9)} == {"completed"}
    assert ["too much" in each.error for each in result.failed] == [True]


def test_an_estimator_is_tuned_and_the_best_is_fitted_to_all_rows(ray_cluster, storage):
    x, y = load_iris(return_X_y=True)
    words = np.array(["setosa", "versicolor", "virginica"])[y]
    result = tune(
        LogisticRegression(), {"C": ray_tune.loguniform(1e-6, 10)}, objective="accuracy",
        trials=3, data=(x[::2], words[::2]), test=(x[1::2], words[1::2]), folds=2,
        searcher="sobol", scheduler="fifo", name="iris", storage=storage, slots=1, final_seeds=1,
    )  # fmt: skip
    model = study("iris", storage).model()
    assert list(model.predict(x[:1])) == ["setosa"]
    assert model.score(x[1::2], words[1::2]) == result.final[0]["test_accuracy"]
    assert result.best.config["C"] == model.C
    assert {t.epochs for t in result.top(9)} == {2}


MINE = SearchSpace("mine", {"depth": ray_tune.randint(2, 4)}, build=build)


def test_a_user_s_mistake_raises_before_anything_is_started(tmp_path):
    usual = {"objective": "-loss", "storage": tmp_path / "none"}
    for message, call in {
        "Did you mean 'scheduler'": lambda: tune(descend, SPACE, sheduler="asha", **usual),
        "must be from 1": lambda: tune(descend, SPACE, trials=-1, **usual),
        "must be a function": lambda: tune(3, SPACE, **usual),
        "needs data=": lambda: tune(LogisticRegression(), {"C": 1.0}, **usual),
        "varies nothing": lambda: tune(descend, {"x": 1.0}, **usual),
        "trials must be a whole number, but is None": lambda: tune(
            descend, SPACE, trials=None, **usual
        ),
        "fresh must be True or False": lambda: tune(descend, SPACE, fresh="no", **usual),
        "must be a list of texts": lambda: tune(descend, SPACE, outcome_constraint=3, **usual),
        "There is no table at": lambda: tune(descend, SPACE, known=tmp_path / "a.csv", **usual),
        "is for an estimator": lambda: tune(descend, SPACE, data=([1], [1]), **usual),
        "test and folds are for": lambda: tune(descend, SPACE, folds=3, **usual),
        "data must be a pair": lambda: tune(LogisticRegression(), {"C": 1.0}, data=3, **usual),
        "Say what may vary": lambda: tune(descend, **usual),
        "--channels is nothing that space 'mine' has": lambda: search_architecture(
            space=MINE, channels=4, dataset="digits", storage=tmp_path / "none"
        ),
        "--cutout 16 is more than the images have": lambda: search_architecture(
            preset="darts-cifar10",
            space="darts",
            layers=3,
            channels=4,
            dataset="digits",
            storage=tmp_path / "none",
        ),
        "No study 'gone'": lambda: study("gone", tmp_path),
    }.items():
        with pytest.raises(UserError, match=message):
            call()
    assert not (tmp_path / "none").exists()


@pytest.mark.whole
def test_an_architecture_search_is_a_call_like_any_other(ray_cluster, storage):
    """Its options: the test before. What the call returns: tests/workflows/test_nas.py."""
    result = search_architecture(
        dataset="digits", evaluation="standalone", stage="search", searcher="random", trials=2,
        epochs=1, trainable="tests.helpers.counting:Accurate", slots=1, name="cells",
        storage=storage,
    )  # fmt: skip
    assert len(result.trials()) == 2
    assert result.best.metrics["val_accuracy"] == result.trials()["val_accuracy"].max()
    assert any("normal" in key for key in result.best.config)


@pytest.mark.whole
def test_a_script_s_function_is_tuned_on_a_cluster_with_what_is_beside_it(
    ray_cluster, storage, tmp_path
):
    """What goes along with a script, quickly: tests/clusters/test_connect.py."""
    (tmp_path / "beside.py").write_text("def score(x):\n    return {'loss': (x - 1) ** 2}\n")
    (tmp_path / "script.py").write_text(
        "import sys\n"
        "from beside import score\n"
        "from ray.tune import uniform\n"
        "from automl_on_ray import tune\n"
        "def train(config):\n"
        "    return score(config['x'])\n"
        "result = tune(train, {'x': uniform(0, 2)}, objective='-loss', trials=1, slots=1,\n"
        "              searcher='random', name='joined', storage=sys.argv[1])\n"
        "print(len(result.failed), 'failed', result.state)\n"
    )
    address = ray.get_runtime_context().gcs_address
    ended = subprocess.run(
        [sys.executable, "script.py", storage], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "RAY_ADDRESS": address}, check=False,
    )  # fmt: skip
    assert "0 failed finished" in ended.stdout, ended.stdout + ended.stderr


@pytest.mark.whole
def test_a_script_that_was_killed_goes_on_where_its_trials_were(
    ray_cluster, storage, tmp_path, monkeypatch, capsys
):
    held, waits = tmp_path / "held", tmp_path / "waits"
    held.touch()
    script, given = "tests.studies.from_python.descending", [str(storage), str(held), "killed"]
    killed = subprocess.Popen(
        [sys.executable, "-m", script, *given], cwd=ROOT, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "RAY_ADDRESS": ray.get_runtime_context().gcs_address},
    )  # fmt: skip
    wait_until(waits.exists, process=killed)
    # Ray writes its state now and then: what it holds by then is what the trial goes on from.
    states = storage / "killed" / "search" / "kept"
    began = waits.stat().st_mtime
    wait_until(
        lambda: any(f.stat().st_mtime > began for f in states.glob("experiment_state*")),
        process=killed,
    )
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    held.unlink()
    monkeypatch.setattr(sys, "argv", [script, *given])
    runpy.run_module(script, run_name="__main__", alter_sys=True)
    assert "finished: 1 trial," in capsys.readouterr().out
    curves = study("killed", storage).curves()
    assert set(curves.groupby("trial").size()) == {6}
    assert 3 in set(curves["begun_at"])
