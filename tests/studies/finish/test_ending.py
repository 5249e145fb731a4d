"""The end of a study whose final model is made otherwise than by training the best config again."""

import itertools
from dataclasses import dataclass, field, replace

import mlflow
import pytest

from automl_on_ray import study
from automl_on_ray.studies import Row
from automl_on_ray.studies.finish import Final, conclude
from automl_on_ray.studies.hpo import HpoSettings, prepare
from automl_on_ray.tracking.store import default_uri
from tests.tracking.reports.test_stored_model import MODEL

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


@pytest.fixture
def plan(storage):
    asked = HpoSettings(
        trainable="tests.helpers.crashing:Steady", space="tests.helpers.crashing:SPACE",
        objective="score", searcher="random", storage=str(storage), name=next(NAMES),
        tracking_uri=default_uri(storage), register="made",
    )  # fmt: skip
    made = prepare(asked)
    with made.study:
        with made.tracker("trial") as tracking:
            tracking.study_end("completed")
        yield made


def versions(storage):
    return mlflow.MlflowClient(default_uri(storage)).search_model_versions("name = 'made'")


def test_what_it_made_is_told_registered_once_and_kept(plan, storage, capsys):
    together = Together()
    for _ in range(2):
        conclude(plan, ROWS, None, ending=together)
        printed = capsys.readouterr().out
        assert "2 trials as one: 0.7" in printed
        assert "Registered as models:/made/1: the champion" in printed
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
    assert found.stored.summary.verdict == ["Together they are no better."]


def test_where_it_has_failed_the_study_has(plan):
    with pytest.raises(SystemExit) as ended:
        conclude(plan, ROWS, None, ending=Together(failed=True))
    assert ended.value.code == 1


def test_it_may_make_nothing(plan, storage, capsys):
    before = len(versions(storage))
    conclude(plan, ROWS, None, ending=Nothing())
    assert len(versions(storage)) == before
    assert "Registered" not in capsys.readouterr().out


def test_without_a_score_there_is_nothing_to_end_with(plan, capsys):
    together = Together()
    with pytest.raises(SystemExit) as ended:
        conclude(plan, [replace(ROWS[0], metrics={})], None, ending=together)
    assert ended.value.code == 1
    assert not together.asked
    assert "No trial has a score" in capsys.readouterr().out
