"""The end of a study: what it keeps and says, and a final model that is made otherwise."""

import itertools
import json
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import mlflow
import numpy as np
import pytest

from automl_on_ray import study
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies import Row
from automl_on_ray.studies.finish import Final, conclude, say_how_to_go_on
from automl_on_ray.studies.hpo import HpoSettings, prepare
from automl_on_ray.tracking.store import default_uri
from tests.tracking.reports.test_stored_model import MODEL

UI = Path(__file__).resolve().parents[3] / "workflows" / "ui.py"
NAMES = (f"ending-{number}" for number in itertools.count())
ROWS = [Row("a", {"x": 0.1}, {"score": 0.3}, "completed", 3),
        Row("b", {"x": 0.5}, {"score": 1.5}, "completed", 3)]  # fmt: skip


@dataclass
class Together:
    """All trials as one model."""

    failed: bool = False
    asked: list = field(default_factory=list)

    def name(self, plan, ranked):
        return f"together-{len(ranked)}"

    def make(self, plan, ranked, rows, resources, tracking):
        self.asked.append([row.trial_id for row in ranked])
        return Final(
            metrics=[{"test_score": 0.7}],
            facts={"members": len(ranked)},
            verdict=["Together they are no better."],
            tell=lambda: print(f"{len(ranked)} trials as one: 0.7"),
            model=lambda: replace(MODEL, metrics={"test_score": 0.7}),
            failed=self.failed,
        )


class Nothing:
    def name(self, plan, ranked):
        return "nothing"

    def make(self, *given):
        return None


def prepared(storage, **asked):
    usual = {
        "trainable": "tests.helpers.crashing:Steady", "space": "tests.helpers.crashing:SPACE",
        "objective": "score", "searcher": "random", "storage": str(storage), "name": next(NAMES),
        "tracking_uri": default_uri(storage), "register": "made",
    }  # fmt: skip
    made = prepare(HpoSettings(**{**usual, **asked}))
    with made.tracker("trial") as tracking:
        tracking.study_end("completed")
    return made


@pytest.fixture
def plan(storage):
    with (made := prepared(storage)).study:
        yield made


def printed(capsys):
    return " ".join(capsys.readouterr().out.split())


def versions(storage):
    return mlflow.MlflowClient(default_uri(storage)).search_model_versions("name = 'made'")


def test_what_it_made_is_told_registered_once_and_kept(plan, storage, tmp_path, capsys):
    together = Together()
    for _ in range(2):
        conclude(plan, ROWS, None, ending=together)
        printed = capsys.readouterr().out
        assert "2 trials: 2 completed." in printed
        assert f"for --try-first: {plan.study.path / 'best_config.json'}" in printed
        assert "front" not in printed
        assert "2 trials as one: 0.7" in printed
        assert "Registered as models:/made/1: the champion" in printed
        assert "To use it:" in printed
        assert f"  {sys.executable} -i -c 'from automl_on_ray import load_model" in printed
        assert f"{UI} --storage {storage}" in printed
    assert together.asked == [["b", "a"]] * 2
    (version,) = versions(storage)
    assert version.tags["automl.training"] == "together-2"
    assert (version.tags["automl.metric"], version.tags["automl.value"]) == ("test_score", "0.7")
    found = study(plan.name, storage)
    assert found.final == [{"test_score": 0.7}]
    assert found.model().predict(MODEL.example).shape == (2, 3)
    client = mlflow.MlflowClient(default_uri(storage))
    (run,) = client.search_runs(
        [one.experiment_id for one in client.search_experiments()],
        f"tags.`automl.study_id` = '{plan.study.study_id}' and tags.`automl.role` = 'study'",
    )
    note = run.data.tags["mlflow.note.content"]
    assert "| final model | |\n|--|--|\n| members | 2 |" in note
    assert "Together they are no better." in note
    assert "report.html" in {one.path for one in client.list_artifacts(run.info.run_id)}
    file = client.download_artifacts(run.info.run_id, "best_config.json", str(tmp_path))
    assert json.loads(Path(file).read_text()) == [{"x": 0.5}]
    assert json.loads((plan.study.path / "best_config.json").read_text()) == [{"x": 0.5}]
    summary = found.stored.summary
    assert summary.verdict == ["Together they are no better."]
    assert (summary.best, summary.values) == ("b", {"score": 1.5})
    assert (summary.model, summary.tracking_uri) == ("models:/made/1", plan.uri)
    assert run.info.run_id in summary.links["study"]
    assert summary.exit_code == 0


def test_where_it_has_failed_the_study_has(plan):
    with pytest.raises(SystemExit) as ended:
        conclude(plan, ROWS, None, ending=Together(failed=True))
    assert ended.value.code == 1
    assert study(plan.name, plan.study.path.parent).stored.summary.exit_code == 1


def test_where_a_trial_has_failed_the_study_has_too(plan, capsys):
    failed = Row("c", {"x": 0.2}, {}, "failed", 1, "ValueError: no")
    with pytest.raises(SystemExit) as ended:
        conclude(plan, [*ROWS, failed], None, ending=Together())
    assert ended.value.code == 1
    told = printed(capsys)
    assert "Trial c failed: ValueError: no" in told
    assert "Registered" in told


@pytest.mark.parametrize("ending", [Nothing(), None], ids=["nothing", "no final seeds"])
def test_it_may_make_nothing(ending, storage, capsys):
    before = len(versions(storage))
    with (plan := prepared(storage, final_seeds=0)).study:
        conclude(plan, ROWS, None, ending=ending)
    assert len(versions(storage)) == before
    told = printed(capsys)
    assert "Registered" not in told
    assert "To use it" not in told
    assert study(plan.name, storage).final == []


def test_an_architecture_searchs_cells_are_told_without_its_trials(plan, capsys):
    conclude(plan, ROWS, None, ending=Nothing(), show_trials=False, verdict=["It was worth it."])
    told = printed(capsys)
    assert "Best config, in full, for --cells:" in told
    assert "2 trials:" not in told
    found = study(plan.name, plan.study.path.parent)
    assert found.stored.summary.verdict == ["It was worth it."]


def test_each_point_of_a_front_is_kept_for_another_study(storage, capsys):
    rows = [
        Row("a", {"x": 0.1}, {"score": 0.3, "weight": 1.0}, "completed", 3),
        Row("b", {"x": np.float64(0.5)}, {"score": 1.5, "weight": 2.0}, "completed", 3),
        Row("c", {"x": 0.7}, {"score": 0.2, "weight": 3.0}, "completed", 3),
    ]
    with (
        plan := prepared(
            storage, trainable="tests.helpers.crashing:Weighed", objective="score, -weight"
        )
    ).study:
        conclude(plan, rows, None, ending=Nothing())
        front = plan.study.path / "front"
        assert f"for --try-first too: {front / 'TRIAL.json'}" in printed(capsys)
        kept = {file.stem: json.loads(file.read_text()) for file in front.iterdir()}
        assert kept == {"a": [{"x": 0.1}], "b": [{"x": 0.5}]}
        assert json.loads((plan.study.path / "best_config.json").read_text()) == kept["b"]
        conclude(plan, rows[1:], None, ending=Nothing())
        assert [file.stem for file in front.iterdir()] == ["b"]
        with pytest.raises(SystemExit):
            conclude(plan, [], None, ending=Nothing())
        assert not front.exists()


def test_what_the_best_trial_tuned_is_kept_and_told_with_how_to_go_on(storage, capsys):
    best = Row("b", {"x": 0.5}, {"score": 1.5, "hyper/x": 0.75}, "completed", 3)
    with (plan := prepared(storage)).study:
        conclude(plan, [ROWS[0], best], None, ending=Nothing())
    told = printed(capsys)
    assert "What the best trial tuned came to x 0.5 (from 0.5)." in told  # no epoch was recorded
    assert f"--name {plan.name}-replay --replay {plan.study.path / 'schedule.json'}" in told
    assert f"--name {plan.name}-2 --try-first {plan.study.path / 'tuned_config.json'}" in told
    schedule = json.loads((plan.study.path / "schedule.json").read_text())
    assert [(part["start"], part["end"], part["trial"], part["config"]) for part in schedule] == [
        (0, 1, "b", {"x": 0.5}), (1, 2, "b", {"x": 0.5}), (2, 3, "b", {"x": 0.5}),
    ]  # fmt: skip
    assert json.loads((plan.study.path / "tuned_config.json").read_text()) == [{"x": 0.5}]


def test_a_replay_is_offered_only_where_what_it_excludes_can_be_left_out(storage, capsys, tmp_path):
    """Not what a file of options has given."""
    best = Row("b", {"x": 0.5}, {"score": 1.5, "hyper/x": 0.75}, "completed", 3)
    (tmp_path / "points.json").write_text('[{"x": 0.1}]')
    with (plan := prepared(storage, try_first=tmp_path / "points.json")).study:
        conclude(plan, [best], None, ending=Nothing())
    told = printed(capsys)
    assert "--replay" not in told
    assert f"--name {plan.name}-2 --try-first" in told


def test_without_a_score_there_is_nothing_to_end_with(plan, capsys):
    together = Together()
    with pytest.raises(SystemExit) as ended:
        conclude(plan, [replace(ROWS[0], metrics={})], None, ending=together)
    assert ended.value.code == 1
    assert not together.asked
    assert "No trial has a score" in capsys.readouterr().out
    found = study(plan.name, plan.study.path.parent)
    assert (found.stored.summary.best, found.stored.summary.values) == (None, {})
    assert not (plan.study.path / "best_config.json").exists()


def test_the_best_config_of_before_is_gone_where_no_trial_has_a_score_any_more(plan):
    conclude(plan, ROWS, None, ending=Nothing())
    assert (plan.study.path / "best_config.json").exists()
    with pytest.raises(SystemExit):
        conclude(plan, [], None, ending=Nothing())
    assert not (plan.study.path / "best_config.json").exists()


def test_a_study_that_is_interrupted_says_how_to_go_on(plan, capsys):
    with pytest.raises(SystemExit) as ended:
        say_how_to_go_on(plan.study, ROWS, plan.record.objectives)
    assert ended.value.code == 130
    told = printed(capsys)
    assert "2 trials: 2 completed. Stopped; everything is kept. To go on:" in told
    assert told.endswith(f"--name {plan.name}")


def test_where_another_machine_went_on_no_command_is_told(plan, capsys):
    plan.study.mirror = SimpleNamespace(overtaken=True, stop=lambda: None)
    with pytest.raises(UserError, match="was resumed on another machine"):
        say_how_to_go_on(plan.study, ROWS, plan.record.objectives)
    plan.study.mirror = None
    assert capsys.readouterr().out == ""
