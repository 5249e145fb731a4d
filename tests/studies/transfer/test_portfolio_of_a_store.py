"""A portfolio out of a store: which studies count, and that one data set is too few."""

import json
import shutil

import numpy as np
import pytest
import typer
from ray import tune
from typer.testing import CliRunner

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.search_spaces.tables import SPACE as PIPELINES
from automl_on_ray.studies.inputs import read_points
from automl_on_ray.studies.transfer import stored_portfolio
from automl_on_ray.workflows.studies import portfolio
from tests.tracking.store.stored import store

SPACE = SearchSpace("line", training={"x": tune.uniform(0, 1), "kind": "a"})
GOAL = Objective("score")
TABLES = "automl_on_ray.trainables.tables:TablePipeline"
SELF = "tests.studies.transfer.test_portfolio_of_a_store"

app = typer.Typer()
app.command()(portfolio)


def hill(top, *places):
    """Trials of a score that is best at `top`."""
    return [({"x": x, "kind": "a"}, [-((x - top) ** 2)], {}) for x in places]


PLACES = (0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0)


def train(config):
    return {"score": config["x"]}


@pytest.fixture(scope="module")
def folder(storage):
    """Two studies on one data set, one on another, and two of another space or trainable."""
    uri = f"sqlite:///{storage}/mlflow.db"
    mine = {"space": "line", "tags": {"automl.trainable": f"{SELF}:train"}}
    theirs = {"space": "line", "tags": {"automl.trainable": "no"}}
    store(uri, "first", hill(0.25, *PLACES[::2]), data=("one", "abc"), **mine)
    store(uri, "again", hill(0.25, *PLACES[1::2]), data=("one", "abc"), **mine)
    store(uri, "second", hill(0.75, *PLACES), data=("two", "def"), **mine)
    store(uri, "elsewhere", hill(1.0, *PLACES), data=("three", "ghi"), **{**mine, "space": "no"})
    store(uri, "other", hill(1.0, *PLACES), data=("four", "jkl"), **theirs)
    return storage


def test_each_data_set_is_a_source_with_the_trials_of_all_its_studies(folder):
    found = stored_portfolio(f"sqlite:///{folder}/mlflow.db", SPACE, [f"{SELF}:train"], GOAL, 3)
    assert {source.name: len(source.trials) for source in found.sources} == {"one": 9, "two": 9}
    assert {config["x"] for config in found.configs[:3]} >= {0.25, 0.75}
    assert all(config.keys() == {"x"} for config in found.configs)


def test_data_are_told_by_their_digest_and_subsets_of_them_are_apart(template, tmp_path):
    shutil.copy(template, tmp_path)
    uri, names = f"sqlite:///{tmp_path}/mlflow.db", [f"{SELF}:train"]

    def add(name, data, subset=""):
        tags = {"automl.trainable": f"{SELF}:train", "automl.subset": subset}
        store(uri, name, hill(0.25, 0.0, 0.5), data=data, space="line", tags=tags)

    add("copied", ("uno", "abc"))
    add("part", ("one", "abc"), subset="100")
    add("old", ("one", ""))
    add("own", ("one", "abc"))
    with pytest.raises(UserError, match=r"on 2 data sets at least .* has one, 100 of one alone"):
        stored_portfolio(uri, SPACE, names, GOAL, 3)
    add("second", ("two", "def"))
    sources = stored_portfolio(uri, SPACE, names, GOAL, 3).sources
    assert {s.name: len(s.trials) for s in sources} == {"one": 6, "100 of one": 2, "two": 2}


def test_one_data_set_is_too_few(folder):
    uri, space = f"sqlite:///{folder}/mlflow.db", SearchSpace("no", SPACE.training)
    with pytest.raises(UserError, match=r"on 2 data sets at least .* has three alone"):
        stored_portfolio(uri, space, [f"{SELF}:train"], GOAL, 3)


def run(folder, out, **more):
    asked = {
        "space": f"{SELF}:SPACE", "trainable": f"{SELF}:train", "objective": "score", "configs": 2,
        "storage": folder, "out": out, **more,
    }  # fmt: skip
    words = [word for key, value in asked.items() for word in (f"--{key}", str(value))]
    return CliRunner().invoke(app, words, env={"MLFLOW_TRACKING_URI": None})


def test_the_command_writes_a_file_of_configs_to_try_first(folder, tmp_path):
    done = run(folder, tmp_path / "portfolio.json")
    assert done.exit_code == 0, done.output
    assert "2 configs" in done.output
    assert "two (9), one (9)" in done.output
    points = read_points(tmp_path / "portfolio.json", SPACE)
    assert list(points) == json.loads((tmp_path / "portfolio.json").read_text())
    assert len(points) == 2


@pytest.mark.parametrize("told", ["", "TablePipeline", TABLES])
def test_studies_tell_a_trainable_by_its_class_or_path_or_not_at_all(told, template, tmp_path):
    shutil.copy(template, tmp_path)
    configs = [PIPELINES.sample(np.random.default_rng(seed)) for seed in range(3)]
    trials = [(config, [{"val_accuracy": n / 9}], {}) for n, config in enumerate(configs)]
    tags = {"automl.trainable": told} if told else {}
    for name in ("one", "two"):
        store(
            f"sqlite:///{tmp_path}/mlflow.db", name, trials, data=(name, name), space="tables",
            tags=tags,
        )  # fmt: skip
    done = run(
        tmp_path, tmp_path / "portfolio.json", trainable=TABLES, space="tables",
        objective="accuracy",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "one (3)" in done.output


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"storage": "nowhere"}, "There is no study in"),
        ({"objective": "score, -loss"}, "for one objective"),
        ({"objective": "acuracy"}, "have reported acuracy"),
        ({"trainable": f"{SELF}:hill"}, "has none"),
        ({"configs": 0}, "must be from 1"),
        ({"out": "/nowhere/portfolio.json"}, "cannot be written to"),
        ({"out": "."}, "is a folder: name a file"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(wrong, said, folder, tmp_path):
    out = tmp_path / "portfolio.json"
    done = run(folder, **{"out": out, **wrong})
    assert done.exit_code == 2, done.output
    assert said in " ".join(done.stderr.split())
    assert not out.exists()
