"""workflows/recommend.py from a file to a registered model.

By parts, quickly: tests/studies/recommendation/test_recommend_ending.py. Without this project:
tests/trainables/recommendation/test_registered_recommender.py. Killed and resumed, as studies by
folds are: tests/workflows/tables. What is kept of a trial:
tests/trainables/recommendation/test_recommendations_trainable.py.
"""

import json
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from automl_on_ray import load_model
from automl_on_ray.workflows.recommend import recommend
from tests.helpers.clicks import clicks
from tests.helpers.studies import rows_of, runs_of

app = typer.Typer()
app.command()(recommend)

# Fits of a moment, one at a time: what is found does not depend on the clock.
QUICK = ["--user", "who", "--item", "what", "--time", "when", "--folds", 2, "--trials", 5,
         "--slots", 1, "--cpus-per-trial", 1, "--scheduler", "fifo",
         "--space", "tests.workflows.recommendation.quick_recommenders:SPACE"]  # fmt: skip


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    path = tmp_path_factory.mktemp("events") / "clicks.csv"
    clicks().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def done(storage, events, ray_cluster):
    asked = ["--storage", storage, "--name", "whole", events, *QUICK]
    return CliRunner().invoke(app, [*map(str, asked), "--objective=ndcg,coverage"])


@pytest.mark.whole
def test_a_command_finds_a_recommender_and_says_how_it_stands(done, storage):
    assert done.exit_code == 0, done.output
    report = json.loads((storage / "whole" / "recommend_report.json").read_text())["report"]
    names = [one["name"] for one in report["compared"]]
    assert names == ["popularity", "recent popularity", "ItemKNN", "EASE", "found"]
    assert "by time: the last events" in done.output
    for name in names:
        assert any(line.strip().startswith(name) for line in done.output.splitlines())


@pytest.mark.whole
def test_several_objectives_seek_a_front(done, storage):
    assert "Pareto front" in done.output
    assert all({"val_ndcg", "val_coverage"} <= set(row["metrics"])
               for row in rows_of(storage, "whole"))  # fmt: skip


@pytest.mark.whole
def test_the_registered_model_gives_each_user_what_he_has_not(done, storage):
    uri = json.loads((storage / "whole" / "summary.json").read_text())["model"]
    asked = pd.DataFrame({"who": ["u0", "new"], "what": [None, "a0"]})
    answers = load_model(uri, storage).predict(asked, count=3)
    assert list(answers["who"]) == ["u0"] * 3 + ["new"] * 3
    assert "a0" not in list(answers["what"][3:])


@pytest.mark.whole
def test_the_page_of_the_study_has_the_figures_of_its_test_part(done, storage):
    (study,) = runs_of(storage, "whole")["study"]
    page = next(Path(study.info.artifact_uri.removeprefix("file://")).rglob("*.html")).read_text()
    for name in ("Recommenders compared", "Coverage and accuracy", "Most recommended items"):
        assert f"<h2>{name}</h2>" in page
