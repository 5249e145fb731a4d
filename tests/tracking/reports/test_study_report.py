import json
from pathlib import Path

from automl_on_ray.tracking import TrackingCallback, TrialRow
from automl_on_ray.tracking.reports import NOTE, log_report
from automl_on_ray.tracking.store import connect, find_studies

ROWS = [
    TrialRow("t_00000", {"lr": 0.1, "norm": "batch"}, {"accuracy": 0.5}, "pruned", 1),
    TrialRow("t_00001", {"lr": 0.001, "norm": None}, {"accuracy": 0.9}, "completed", 6),
    TrialRow("t_00002", {"lr": 0.01, "norm": "batch"}, {"accuracy": float("nan")}, "completed", 6),
    TrialRow("t_00003", {"lr": 0.02}, {}, "failed", 0),
]


def test_the_description_has_the_best_trials_first_and_the_page_is_beside_it(
    uri, tmp_path, make_study
):
    study = make_study()
    tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "j")
    assert tracker.study_end("completed")
    importance = {"lr": 0.8, "norm": 0.2}
    final = {"best config, trained again": {"test_accuracy": "0.91 ± 0.01"}}
    assert log_report(
        uri, study, trials=ROWS, page="<p>found</p>", importance=importance, final=final,
        verdict=["The search was worth it."],
    )  # fmt: skip

    client = connect(uri)
    (run,) = find_studies(client, study.study_id)
    note = run.data.tags["mlflow.note.content"]
    assert "Best accuracy: **0.9**" in note
    assert "The search was worth it." in note
    assert note.index("t_00001") < note.index("t_00000")
    assert "t_00002" not in note
    assert "| best config, trained again | |\n|--|--|\n| test_accuracy | 0.91 ± 0.01 |" in note
    page = Path(client.download_artifacts(run.info.run_id, "report.html")).read_text()
    assert page == "<p>found</p>"
    stored = Path(client.download_artifacts(run.info.run_id, "importance.json"))
    assert json.loads(stored.read_text()) == importance


def test_a_report_for_a_store_that_is_away_costs_a_warning(make_study, capsys):
    assert not log_report("http://127.0.0.1:1", make_study(), trials=ROWS, page="", importance={})
    assert "could not be stored" in capsys.readouterr().err


def test_a_report_without_any_scored_trial_can_be_written(uri, tmp_path, make_study):
    study = make_study()
    tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "j")
    assert tracker.study_end("failed")
    assert log_report(uri, study, trials=ROWS[3:], page="", importance={})


def test_what_a_person_has_written_stays_while_and_after_a_study_runs(uri, tmp_path, make_study):
    study = make_study()
    first = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "j")
    assert first.study_end("stopped")
    client = connect(uri)
    (run,) = find_studies(client, study.study_id)
    ours = run.data.tags[NOTE]
    client.set_tag(run.info.run_id, NOTE, f"Above, by me.\n\n{ours}\n\nBelow, by me.")
    client.set_experiment_tag(run.info.experiment_id, NOTE, "Of the experiment, by me.")

    again = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "j")
    assert again.study_end("completed")
    assert log_report(uri, study, trials=ROWS, page="", importance={})
    note = client.get_run(run.info.run_id).data.tags[NOTE]
    assert note.startswith("Above, by me.")
    assert note.endswith("Below, by me.")
    assert note.count("Trials:") == 1
    assert "Best accuracy: **0.9**" in note
    experiment = client.get_experiment(run.info.experiment_id).tags[NOTE]
    assert "Of the experiment, by me." in experiment
    assert experiment.count("**a study**") == 1
