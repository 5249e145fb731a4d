"""Terminal, table, description, metrics, links and report say the same of a study."""

import json
import re
import shutil
from collections import Counter

import pytest
from ray import tune
from ray.tune.schedulers import ASHAScheduler

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies import Progress, Shown
from automl_on_ray.studies.finish.terminal_report import print_trials
from automl_on_ray.studies.report import report_of
from automl_on_ray.studies.report.findings import found
from automl_on_ray.studies.results import read_study
from automl_on_ray.studies.trial_rows import row_of, scored
from automl_on_ray.tracking import Study, TrackingCallback
from automl_on_ray.tracking.reports import log_report
from automl_on_ray.tracking.store import connect, default_uri
from tests.helpers.ranked_by_last import EPOCHS, Worsening

OBJECTIVE = Objective("score")


@pytest.mark.usefixtures("ray_cluster")
def test_all_places_show_the_same_best_trial_and_the_same_counts(template, tmp_path, capsys):
    shutil.copy(template, tmp_path)
    uri = default_uri(tmp_path)
    study = Study("s", (OBJECTIVE,), "none", "", "x", "random", "asha", 0, "", "id", EPOCHS)
    tracking = TrackingCallback(uri=uri, experiment="e", study=study, folder=tmp_path / "journal")
    progress = Progress(Shown("s", [OBJECTIVE], 5, EPOCHS))
    halving = ASHAScheduler(metric="score", mode="max", max_t=EPOCHS, grace_period=1)
    trials = (
        tune.Tuner(
            tune.with_resources(Worsening, {"cpu": 2}),  # one after the other
            param_space={"x": tune.grid_search([1.0, 0.9, 0.5, 0.7, 0.2])},  # the first breaks
            tune_config=tune.TuneConfig(scheduler=halving, reuse_actors=True),
            run_config=tune.RunConfig(
                name="search", storage_path=str(tmp_path), callbacks=[tracking, progress], verbose=0
            ),
        )
        .fit()
        ._experiment_analysis.trials
    )
    rows = [row_of(trial, max_t=EPOCHS) for trial in trials]
    assert tracking.study_end("completed")
    (tmp_path / "study.json").write_text(json.dumps({"study_id": "id", "asked": {}}))
    stored = read_study(tmp_path.name, tmp_path.parent)
    report = report_of(stored)
    assert log_report(uri, study, trials=rows, page=report.html, importance={})

    best, counts = scored(rows, [OBJECTIVE])[0], Counter(row.outcome for row in rows)
    assert best.metrics["score"] < max(Worsening.values(best.config["x"]))
    assert counts["failed"] == 1
    assert counts["pruned"]

    line = progress.line()
    assert f"best score {best.metrics['score']:.5g} ({best.trial_id})" in line
    assert f"5/5 trials ended ({counts['pruned']} early, 1 failed)" in line

    print_trials(rows, [OBJECTIVE])
    table = capsys.readouterr().out
    first = next(row for row in table.splitlines() if best.trial_id[-5:] in row)
    assert f"{best.metrics['score']:.5g}" in first
    assert f"{counts['completed']} completed" in table

    assert stored.best.trial_id == best.trial_id
    assert f"Best score: {best.metrics['score']:.6g}, trial {best.trial_id}" in report.html
    assert Counter(trial.outcome for trial in stored.searched) == counts
    assert f"{counts['completed']} completed" in found(stored)
    assert report.figures["History of the best"].data[-1].y[-1] == best.metrics["score"]

    client = connect(uri)
    experiment = client.get_experiment_by_name("e").experiment_id
    runs = client.search_runs([experiment], "tags.`automl.role` = 'study'")
    text, metrics = runs[0].data.tags["mlflow.note.content"], runs[0].data.metrics
    assert f"Best score: **{best.metrics['score']:.6g}**" in text
    told = ", ".join(f"{counts[kind]} {kind}" for kind in sorted(counts))
    assert f"Trials: {told}." in text
    assert metrics["best_score"] == pytest.approx(best.metrics["score"])
    shown = {kind: metrics[f"trials_{kind}"] for kind in ("completed", "pruned", "failed")}
    assert shown == {kind: counts[kind] for kind in shown}

    (order,) = set(re.findall(r"orderByKey=([^&]+)", " ".join(tracking.links().values())))
    assert order == "metrics.%60score%60"
    top = client.search_runs(
        [experiment], "tags.`automl.role` = 'trial'", order_by=["metrics.score DESC"]
    )[0]
    assert top.data.tags["automl.trial_id"] == best.trial_id
    shutil.rmtree(tmp_path / "search")
