"""best_config.json: the whole config, as another study takes it."""

import json

import numpy as np
import pytest
from hypothesis import given, strategies as st
from mlflow.tracking import MlflowClient

from automl_on_ray.studies.finish.best_config import written
from automl_on_ray.studies.hpo import HpoSettings, prepare
from automl_on_ray.studies.inputs import find_space, read_points
from tests.helpers.odd_values import SPACE as NESTED
from tests.helpers.studies import ONE, rows_of, run, runs_of

CONDITIONAL = find_space("mnist-cnn")


@given(seed=st.integers(0, 2**32), space=st.sampled_from([NESTED, CONDITIONAL]))
def test_any_member_is_read_back_as_it_was(seed, space, tmp_path_factory):
    """Nested parts, values that JSON does not have, and parameters that depend on others."""
    config = space.sample(np.random.default_rng(seed))
    file = tmp_path_factory.getbasetemp() / "best_config.json"
    file.write_text(json.dumps([written(config, space)]))
    (point,) = read_points(file, space)
    assert point == space.active(space.plain(config))


@pytest.mark.whole
def test_another_study_takes_the_file_as_it_is(ray_cluster, storage, tmp_path):
    """What is read of it, quickly: the test before. So it is with a front: test_front.py."""
    nested = [
        "--trainable", "tests.helpers.odd_values:Strict", "--space",
        "tests.helpers.odd_values:SPACE", "--objective", "score", *ONE, "--epochs", 1,
        "--final-seeds", 0, "--searcher", "random",
    ]  # fmt: skip
    done = run(storage, "first", *nested, "--trials", 3)
    assert done.exit_code == 0, done.output
    file = storage / "first" / "best_config.json"
    assert str(file) in done.output
    rows = rows_of(storage, "first")
    best = max(rows, key=lambda row: row["metrics"]["score"])
    assert json.loads(file.read_text()) == [best["config"]]
    (study,) = runs_of(storage, "first")["study"]
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    kept = client.download_artifacts(study.info.run_id, "best_config.json", str(tmp_path))
    with open(kept) as artifact:
        assert artifact.read() == file.read_text()
    asked = HpoSettings(
        trainable="tests.helpers.odd_values:Strict", space="tests.helpers.odd_values:SPACE",
        objective="score", searcher="random", seed=9,
        try_first=file, storage=str(storage), name="second",
    )  # fmt: skip
    plan = prepare(asked)
    with plan.study:
        first = {**NESTED.constants, **plan.searcher.suggest("first")}
    assert first == best["config"]
