import json
from pathlib import Path

import plotly.graph_objects as go

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import TrackingCallback, TrialRow
from automl_on_ray.tracking.reports import log_report
from automl_on_ray.tracking.reports.figures import parallel_coordinates
from automl_on_ray.tracking.store import connect, find_studies

ROWS = [
    TrialRow("t_00000", {"lr": 0.1, "norm": "batch"}, {"accuracy": 0.5}, "pruned", 1),
    TrialRow("t_00001", {"lr": 0.001, "norm": None}, {"accuracy": 0.9}, "completed", 6),
    TrialRow("t_00002", {"lr": 0.01, "norm": "batch"}, {"accuracy": float("nan")}, "completed", 6),
    TrialRow("t_00003", {"lr": 0.02}, {}, "failed", 0),
]


def test_the_report_has_the_best_trials_first_and_every_figure(uri, tmp_path, make_study):
    study = make_study()
    tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "j")
    assert tracker.study_end("completed")
    slices = {"Slice of lr": go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))}
    importance = {"lr": 0.8, "norm": 0.2}
    final = {"test_accuracy": "0.91 ± 0.01"}
    assert log_report(uri, study, trials=ROWS, figures=slices, importance=importance, final=final)

    client = connect(uri)
    (run,) = find_studies(client, study.study_id)
    note = run.data.tags["mlflow.note.content"]
    assert note.startswith("Best accuracy: **0.9**")
    assert note.index("t_00001") < note.index("t_00000")
    assert "t_00002" not in note
    assert "0.91 ± 0.01" in note
    page = Path(client.download_artifacts(run.info.run_id, "report.html")).read_text()
    for heading in ("Parallel coordinates", "Importance of hyperparameters", "Slice of lr"):
        assert f"<h3>{heading}</h3>" in page
    assert "<script src=" not in page, "a page that needs a network"
    stored = Path(client.download_artifacts(run.info.run_id, "importance.json"))
    assert json.loads(stored.read_text()) == importance


def test_a_report_for_a_store_that_is_away_costs_a_warning(make_study, capsys):
    assert not log_report(
        "http://127.0.0.1:1", make_study(), trials=ROWS, figures={}, importance={}
    )
    assert "could not be stored" in capsys.readouterr().err


def test_a_report_without_any_scored_trial_can_be_written(uri, tmp_path, make_study):
    study = make_study()
    tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "j")
    assert tracker.study_end("failed")
    assert log_report(uri, study, trials=ROWS[3:], figures={}, importance={})


def test_a_number_that_some_trials_do_not_have_stays_a_number_with_a_dash_below():
    rows = [
        TrialRow(f"t{i}", {"rate": 0.1 * i} | ({"momentum": 0.5 + 0.1 * i} if i % 2 else {}),
                 {"score": float(i)}, "completed")
        for i in range(4)
    ]  # fmt: skip
    figure = parallel_coordinates(rows, (Objective("score"),))
    momentum = next(d for d in figure.data[0].dimensions if d.label == "momentum")
    assert momentum.ticktext[0] == "–"
    missing = [value for value in momentum.values if value == momentum.tickvals[0]]
    assert len(missing) == 2
    assert min(v for v in momentum.values if v not in missing) == 0.6
