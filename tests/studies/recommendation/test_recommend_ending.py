"""What the end of a study of a recommender makes of its trials."""

import json

import pytest

from automl_on_ray.clusters import Resources
from automl_on_ray.studies.folds import of_whole_trials
from automl_on_ray.studies.recommendation import RecommendSettings, prepare
from automl_on_ray.studies.recommendation.finish import LIMIT, Recommended
from automl_on_ray.studies.results import RECOMMEND_REPORT
from automl_on_ray.studies.trial_rows import Row
from tests.helpers.clicks import COLUMNS, clicks

HERE = Resources(1, 1.0, 0.0)
EASE = {"model": "ease", "ease_l2": 10.0}


def row(name, config=EASE, value=0.4, folds=1, error=None, outcome="completed"):
    return Row(name, config, {"val_ndcg": value}, outcome, folds, error)


def judged(one, steps):
    """As the end takes it."""
    (found,) = of_whole_trials([one], steps, "Give more.", (LIMIT,))
    return found


def test_a_score_of_a_part_of_the_folds_is_none():
    assert judged(row("whole", folds=2), 2).metrics == {"val_ndcg": 0.4}
    assert judged(row("cut", folds=1, outcome="pruned"), 2).metrics == {}


def test_a_model_that_was_too_large_is_no_failure_of_the_study():
    large = row("large", error="MemoryError: EASE would need 900 GB.", outcome="failed")
    assert judged(large, 1).outcome == "limited"
    other = row("other", error="ValueError: MemoryError: no", outcome="failed")
    assert judged(other, 1).outcome == "failed"


@pytest.fixture(scope="module")
def plan(storage, tmp_path_factory):
    path = tmp_path_factory.mktemp("events") / "clicks.csv"
    clicks().to_csv(path, index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        asked = RecommendSettings(
            dataset=str(path), **COLUMNS, folds=1, storage=str(storage), name="ending"
        )
        made = prepare(asked)
        with made.study:
            yield made


def ended(plan, rows):
    return Recommended(plan.asked, plan.data, rows).make(plan, rows, rows, HERE, None)


def test_what_was_found_is_tested_beside_the_classical_methods(plan):
    final = ended(plan, [row("best"), row("next", {"model": "popularity"}, 0.2)])
    report = json.loads((plan.study.path / RECOMMEND_REPORT).read_text())["report"]
    assert [one["name"] for one in report["compared"]] == [
        "popularity", "recent popularity", "ItemKNN", "EASE", "found",
    ]  # fmt: skip
    assert report["same_as"] == "EASE"
    assert final.metrics[0]["test_ndcg"] == report["compared"][-1]["interval"][0]
    model = final.model()
    assert [name for name, _ in model.inputs] == ["who", "what"]


def test_the_same_find_is_not_tested_twice(plan, monkeypatch):
    rows = [row("best"), row("next", {"model": "popularity"}, 0.2)]
    first = ended(plan, rows)
    monkeypatch.setattr("automl_on_ray.studies.recommendation.finish.look_at_test", None)
    assert ended(plan, rows).metrics == first.metrics
    more = [*rows, row("third", {"model": "popularity"}, 0.3)]  # a longer search finds the same
    assert ended(plan, more).metrics == first.metrics
    with pytest.raises(TypeError):  # what is another is looked at
        ended(plan, [row("another", {"model": "popularity"})])


def test_a_classical_method_that_memory_is_too_small_for_is_left_out_with_a_warning(
    plan, monkeypatch, capsys
):
    from automl_on_ray.studies.recommendation import finish

    real = finish.fit

    def small(config, seen, settings):
        if config["model"] == "ease":
            raise MemoryError("EASE would need 900 GB.")
        return real(config, seen, settings)

    monkeypatch.setattr(finish, "fit", small)
    ended(plan, [row("pop", {"model": "popularity"}), row("e")])
    report = json.loads((plan.study.path / RECOMMEND_REPORT).read_text())["report"]
    assert [one["name"] for one in report["compared"]][-2:] == ["ItemKNN", "found"]
    assert "There is no EASE model to compare: EASE would need 900 GB." in capsys.readouterr().err
