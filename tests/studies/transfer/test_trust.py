"""The trust in earlier studies is said, and kept in the journal and with the study's run."""

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.transfer import keep_trust, trust_in_words
from automl_on_ray.tracking import TRUST, Study, TrackingCallback, read_recorded
from automl_on_ray.tracking.store import connect, default_uri, find_studies


def test_trust_is_said_and_kept(tmp_path, template, capsys):
    (tmp_path / "mlflow.db").write_bytes(template.read_bytes())
    uri = default_uri(tmp_path)
    study = Study("s", (Objective("score"),), "none", "", "x", "bayesian", "fifo", 0, "", "id", 3)
    tracking = TrackingCallback(
        uri=uri, experiment="test", study=study, folder=tmp_path / "journal"
    )
    keep_trust({"digits": 0.2, "mnist": 0.87}, tracking)
    assert tracking.study_end("completed")
    assert "Trust in earlier studies: mnist 0.87, digits 0.20." in capsys.readouterr().out
    assert read_recorded(tmp_path / "journal", "id").trust == {"digits": 0.2, "mnist": 0.87}
    (run,) = find_studies(connect(uri), "id")
    assert run.data.tags[TRUST] == '{"digits": 0.2, "mnist": 0.87}'


def test_where_there_is_none_nothing_is_said(tmp_path, capsys):
    study = Study("s", (Objective("score"),), "none", "", "x", "random", "fifo", 0, "", "id", 3)
    tracking = TrackingCallback(
        uri=default_uri(tmp_path), experiment="test", study=study, folder=tmp_path / "journal"
    )
    keep_trust({}, tracking)
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "journal").exists()


def test_the_most_trusted_comes_first():
    assert trust_in_words({"b": 0.5, "a": 0.51, "c": 0.0}) == "a 0.51, b 0.50, c 0.00"
