"""From the checkpoints of trials to a report, a page and a registered model, without Ray."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ray import tune

from automl_on_ray.clusters import Resources
from automl_on_ray.search_spaces.series import NEAREST, ROCKET
from automl_on_ray.studies.results import load_model
from automl_on_ray.studies.series_classes import SeriesSettings, prepare
from automl_on_ray.studies.series_classes.finish import finish
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.trainables.series_classes import SeriesClassifier
from tests.helpers.studies import runs_of
from tests.trainables.series_classes.made_series import waves, write_ts

BETTER = {**ROCKET, "rocket_kernels": 300}
CONFIGS = {"t_1": {**ROCKET, "rocket_kernels": 200}, "t_2": NEAREST}
ONE = Resources(1, 1.0, 0.0)


def trained(plan, trial, config):
    """A row, with its checkpoint where Ray would have put it."""
    one = tune.with_parameters(SeriesClassifier, **plan.trial_kwargs)(config=config)
    reports = [one.step() for _ in plan.data.folds]
    _, search = plan.study.stage("search").files()
    place = Path(search, f"SeriesClassifier_{trial}_1", "checkpoint_000000")
    place.mkdir(parents=True)
    one.save_checkpoint(str(place))
    metrics = {key: value for key, value in reports[-1].items() if key != "done"}
    return Row(trial, config, metrics, "completed", len(reports))


def concluded(plan, rows):
    try:
        finish(plan, rows, ONE)
    except SystemExit as ended:
        return ended.code
    return 0


@pytest.fixture(scope="module")
def study(storage, tmp_path_factory):
    """Its path, its exit codes, and when its report was written at the first and second end.

    A third end is that of a longer search, which has found another single best; a fourth that of
    one that has found nothing better.
    """
    folder = tmp_path_factory.mktemp("waves")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_CACHE_DIR", str(folder / "cache"))
        data = str(write_ts(folder, count=20, channels=2, unequal=True))
        plan = prepare(SeriesSettings(dataset=data, storage=str(storage), name="ended", folds=2))
        with plan.study:
            rows = [trained(plan, trial, config) for trial, config in CONFIGS.items()]
            early = replace(rows[1], trial_id="t_3", outcome="pruned", iterations=1)
            with plan.tracker("trial") as tracking:
                tracking.study_end("completed")
            plan.study.write_rows([row.as_dict() for row in (*rows, early)])
            code = concluded(plan, [*rows, early])
            first = (plan.study.path / "series_report.json").stat().st_mtime_ns
            again = concluded(plan, [*rows, early])
            kept = (plan.study.path / "series_report.json").stat().st_mtime_ns
            more = trained(plan, "t_4", BETTER)
            longer = replace(more, metrics={**more.metrics, "val_accuracy": 1.0})
            plan.study.write_rows([row.as_dict() for row in (*rows, early, longer)])
            longer_code = concluded(plan, [*rows, early, longer])
            more = trained(plan, "t_5", NEAREST)
            vain = replace(more, metrics={**more.metrics, "val_accuracy": 0.0})
            plan.study.write_rows([row.as_dict() for row in (*rows, early, longer, vain)])
            vain_code = concluded(plan, [*rows, early, longer, vain])
    return plan.study.path, (code, again, longer_code, vain_code), (first, kept)


def test_the_end_has_the_classical_ways_beside_what_was_found(study):
    path, codes, _ = study
    assert codes == (0, 0, 0, 0)
    report = json.loads((path / "series_report.json").read_text())["report"]
    assert [one["name"] for one in report["compared"]] == [
        "1-NN", "ROCKET", "best single", "ensemble",
    ]  # fmt: skip
    assert "t_3" not in report["members"]


def test_the_test_part_is_looked_at_once_for_what_was_found(study):
    _, _, (first, kept) = study
    assert kept == first


def test_a_longer_search_that_finds_another_looks_again_and_says_so(study):
    path, *_ = study
    assert json.loads((path / "series_report.json").read_text())["looks"] == 2
    (line,) = json.loads((path / "summary.json").read_text())["verdict"]
    assert "This is the second look at the test part" in line


def test_each_model_that_was_found_is_registered_once(study):
    path, *_ = study
    uri = json.loads((path / "summary.json").read_text())["model"]
    assert uri.endswith("/2")


def test_the_registered_model_answers_arrays_and_lists(study, storage):
    path, *_ = study
    uri = json.loads((path / "summary.json").read_text())["model"]
    model = load_model(uri, storage)
    series = waves(4, channels=2, seed=2)[0]
    array, listed = model.predict(np.stack(series)), model.predict(series)
    assert list(array) == ["label", "probability", "P(a)", "P(b)"]
    assert list(array["label"]) == list(listed["label"])
    assert "classes" in model.facts


def test_the_page_of_the_study_has_the_figures_of_its_test_part(study, storage):
    (run,) = runs_of(storage, "ended")["study"]
    page = next(Path(run.info.artifact_uri.removeprefix("file://")).rglob("*.html")).read_text()
    for name in ("Comparison on the test series", "Confusion of classes", "Examples by class"):
        assert f"<h2>{name}</h2>" in page
    assert "second look" in run.data.tags["mlflow.note.content"]
