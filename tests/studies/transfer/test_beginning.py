"""What a study begins with of earlier ones: results, sources, first configs."""

import shutil
from dataclasses import replace

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import PriorTrial
from automl_on_ray.studies.transfer import warm_start
from tests.studies.transfer.earlier import GOOD, MNIST, NEW, OWN, SPACE, point, today
from tests.tracking.store.stored import store

OUTSIDE = [{"w": 101}, {"w": 90, "d": 90}, {"q": 0.13}, {"betas": [1, 2]}]
ANOTHER_SPACE = [{"optimizer": "sgd"}, {"depth": 3}]


@pytest.fixture(scope="module")
def uri(template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlflow")
    shutil.copy(template, folder)
    return f"sqlite:///{folder}/mlflow.db"


def trials(*widths):
    return [({**GOOD, "w": w}, [0.1, w / 100], {}) for w in widths]


def begun(uri, name, **asked):
    """Settings, and what is said."""
    warm = warm_start(today(uri, **asked), name, {}, NEW, fresh=False)
    return warm.settings, warm.gained.said


def stored(uri, name, configs, data=OWN):
    """A study of these configs, of which each reported 0.1 and then 0.2."""
    store(uri, name, [(config, [0.1, 0.2], {}) for config in configs], data=data)


def test_results_on_the_same_data_are_results_with_their_curves(uri, capsys):
    stored(uri, "same", [GOOD])
    settings, said = begun(uri, "same")
    assert said in capsys.readouterr().out
    assert settings.known == (PriorTrial(point(10), {1: {"score": 0.1}, 2: {"score": 0.2}}),)
    assert settings.sources == settings.points == ()
    assert said == "Warm start: 1 trial of 'same' known as results."


def test_what_is_outside_of_todays_space_is_left_out_and_counted(uri):
    stored(uri, "mixed", [GOOD, *[{**GOOD, **bad} for bad in OUTSIDE]])
    settings, said = begun(uri, "mixed")
    assert [one.config for one in settings.known] == [point(10)]
    assert settings.sources == ()
    assert "4 trials left out (Config has" in said


@pytest.mark.parametrize("bad", OUTSIDE, ids=str)
def test_a_study_of_which_nothing_fits_is_refused(uri, bad):
    name = "-".join(bad)
    stored(uri, name, [{**GOOD, **bad}])
    with pytest.raises(UserError, match=f"No trial of '{name}' can be learned from; 1 lie outside"):
        begun(uri, name)


@pytest.mark.parametrize("config", [{**GOOD, **bad} for bad in ANOTHER_SPACE], ids=str)
def test_on_the_same_data_trials_of_another_space_are_a_task_of_their_own(uri, config):
    """What today's space fixes otherwise, or does not have, made their results what they were."""
    stored(uri, f"space-{len(config)}", [GOOD, config, config])
    settings, said = begun(uri, f"space-{len(config)}")
    assert len(settings.known) == 1
    (source,) = settings.sources
    assert [one.config for one in source.trials] == 2 * [point(10)]
    assert settings.points == ()
    assert "2 trials of" in said


def test_a_parameter_that_is_new_today_is_left_open(uri):
    old = {key: value for key, value in GOOD.items() if key != "d"}
    stored(uri, "fewer", [old, {**old, "w": 20}])
    settings, _ = begun(uri, "fewer")
    assert settings.known == ()
    (source,) = settings.sources
    assert [set(one.config) for one in source.trials] == 2 * [{"w", "q", "betas"}]
    assert all(set(one) == {"w", "d", "q", "betas"} for one in settings.points)


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        (("mnist", "abc"), ("mnist", "abcdef"), True),  # MLflow keeps a part of a digest
        (("renamed", "abc"), ("mnist", "abc"), True),
        (("mnist", "xyz"), ("mnist", "abc"), False),
        (("mnist", ""), ("mnist", "abc"), True),
        (("digits", ""), ("mnist", "abc"), False),
        (None, ("mnist", "abc"), False),
    ],
)
def test_results_on_other_data_are_a_source_and_never_known(
    then, now, same, template, tmp_path
):  # fmt: skip
    shutil.copy(template, tmp_path)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    store(uri, "other", trials(10, 50), data=then)
    data = replace(MNIST, name=now[0], digest=now[1])
    settings, said = begun(uri, "other", data=data)
    assert len(settings.known) == (2 if same else 0)
    assert [len(one.trials) for one in settings.sources] == ([] if same else [2])
    assert [one["w"] for one in settings.points] == ([] if same else [50])
    assert ("1 of their configs first" in said) == (not same)


def test_without_a_digest_another_trainable_is_another_task(uri):
    for name, trainable in (("tells", "mine:B"), ("same-one", "mine:A"), ("silent", "")):
        tags = {"automl.trainable": trainable} if trainable else {}
        store(uri, name, [(GOOD, [0.1], {})], data=OWN, tags=tags)
    known = {
        name: len(begun(uri, name, trainable="mine:A")[0].known)
        for name in ("tells", "same-one", "silent")
    }
    assert known == {"tells": 0, "same-one": 1, "silent": 1}


@pytest.mark.parametrize(("then", "now", "count"), [("", "", 1), ("500", "500", 1),
                                                   ("500", "", 0), ("", "500", 0)])  # fmt: skip
def test_results_on_another_part_of_the_data_are_another_task(uri, then, now, count):
    name = f"of-{then}-{now}"
    tags = {"automl.trainable": "mine:A", "automl.subset": then}
    store(uri, name, [(GOOD, [0.1], {})], data=("mnist", "abcdef"), tags=tags)
    parts = today(uri, data=MNIST, trainable="mine:A")
    parts.subset = now
    settings = warm_start(parts, name, {}, NEW, fresh=False).settings
    assert (len(settings.known), len(settings.sources)) == (count, 1 - count)


def test_a_searcher_that_takes_no_results_tries_the_best_on_the_same_data_first(uri):
    store(uri, "same-data", trials(10, 50, 40), data=("mnist", "abcdef"))
    settings, said = begun(uri, "same-data", data=MNIST, searcher="random")
    assert (settings.known, settings.sources) == ((), ())
    assert settings.points[0] == point(50)
    assert "not told" in said


@pytest.fixture(scope="module")
def other(uri):
    """A study of other data: the higher w, the higher the score."""
    store(uri, "elsewhere", trials(10, 50, 40, 5, 30, 20, 80), data=("digits", "xyz"))
    return "elsewhere"


def test_a_source_has_last_values_alone(uri, other):
    settings, _ = begun(uri, other, data=MNIST)
    (source,) = settings.sources
    assert source.name == "elsewhere"
    assert source.trials[1] == PriorTrial(point(50), {2: {"score": 0.5}})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 3), ({"samples": 2}, 2), ({"samples": 4, "points": (point(1), point(2))}, 2),
        ({"samples": 1, "points": (point(1), point(2))}, 0), ({"searcher": "bayesian"}, 1),
    ],
)  # fmt: skip
def test_their_first_configs_come_behind_those_that_are_given(asked, found, uri, other):
    settings, _ = begun(uri, other, data=MNIST, **{"searcher": "evolution", **asked})
    given = asked.get("points", ())
    assert settings.points[: len(given)] == given
    assert len(settings.points) == len(given) + found


@pytest.mark.parametrize(("mode", "best"), [("max", 80), ("min", 5)])
def test_the_best_comes_first(mode, best, uri, other):
    settings, _ = begun(uri, other, data=MNIST, objectives=(Objective("score", mode),))
    assert settings.points[0] == point(best)


def test_a_config_beyond_a_limit_is_not_tried_first(uri, other):
    within = {"searcher": "evolution", "meets": lambda config: config["w"] < 60}
    settings, _ = begun(uri, other, data=MNIST, **within)
    assert [config["w"] for config in settings.points] == [50, 40]


def test_a_given_config_is_not_tried_twice(uri, other):
    settings, _ = begun(uri, other, data=MNIST, samples=9, points=(point(50),))
    assert settings.points.count(point(50)) == 1


def test_a_searcher_that_takes_no_sources_gets_first_configs_alone(uri, other):
    settings, said = begun(uri, other, data=MNIST, searcher="evolution")
    assert settings.sources == ()
    assert len(settings.points) == 3
    assert (
        "7 trials of 'elsewhere' on other data or space, not told (--searcher evolution takes no"
        in said
    )


def test_the_searcher_of_architectures_learns_from_sources_and_tries_their_best_first(uri, other):
    settings, said = begun(uri, other, data=MNIST, searcher="gaussian-process")
    assert [len(source.trials) for source in settings.sources] == [7]
    assert len(settings.points) == 3
    assert "to learn from" in said


def test_results_of_before_are_known_beside_those_that_are_given(uri):
    store(uri, "more", [(GOOD, [0.1], {})], data=OWN)
    given = PriorTrial(point(1), {4: {"score": 0.5}})
    settings, _ = begun(uri, "more", known=(given,))
    assert settings.known == (given, PriorTrial(point(10), {1: {"score": 0.1}}))


def test_a_study_without_the_metric_is_refused(uri):
    store(uri, "bare", [(GOOD, [0.1], {})], data=OWN)
    with pytest.raises(UserError, match="No trial of study 'bare' has reported loss for one"):
        begun(uri, "bare", objectives=(Objective("loss"),))


def test_the_nearest_source_comes_first_and_each_has_a_name_of_its_own(uri):
    for number, (data, name) in enumerate(
        [(("far", "1", {"train": 10}), "a"), (("near", "2", {"train": 900}), "b")]
    ):
        store(uri, name, [({**GOOD, "w": 3 + number}, [0.1], {})], data=data)
    data = replace(MNIST, numbers={"train": 1000})
    settings, said = begun(uri, "a,b", data=data)
    assert [one.name for one in settings.sources] == ["b", "a"]
    assert "'b', 'a'" in said


def test_files_are_sources_too(uri, other, tmp_path):
    file = tmp_path / "ours.csv"
    file.write_text('w,d,q,betas,score\n7,1,0.1,"(0.9, 0.99)",0.9\n8,2,0.1,"(0.9, 0.99)",0.8\n')
    warm = warm_start(today(uri, data=MNIST), f"{other},{file}", {}, NEW, fresh=False)
    assert [one.name for one in warm.settings.sources] == ["elsewhere", "ours"]
    assert warm.meant["studies"] == [{"study": "elsewhere", "id": "id-of-elsewhere"}]
    assert list(warm.meant["files"]) == [str(file)]


def test_sources_of_one_name_are_told_apart_by_a_number(uri, tmp_path):
    asked = []
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        file = tmp_path / str(number) / "ours.csv"
        file.write_text(f'w,d,q,betas,score\n7,{number},0.1,"(0.9, 0.99)",0.9\n')
        asked.append(str(file))
    settings, said = begun(uri, ",".join(asked), data=MNIST)
    assert [one.name for one in settings.sources] == ["ours", "ours (2)", "ours (3)"]
    assert "3 trials of 'ours', 'ours (2)', 'ours (3)' on other data" in said


def test_a_space_that_shares_nothing_is_refused(uri):
    stored(uri, "strange", [{"momentum": 0.9}], data=("digits", "xyz"))
    with pytest.raises(UserError, match="'strange' can be learned from"):
        begun(uri, "strange", data=MNIST)


def test_without_a_warm_start_nothing_changes_and_no_store_is_asked():
    one = today("sqlite:////nowhere/mlflow.db")
    warm = warm_start(one, None, {}, NEW, fresh=False)
    assert warm.settings is one.settings
    assert warm.meant is None
    assert not warm.renews


def test_a_widened_range_takes_what_was_tried_in_the_narrow_one(uri):
    wide = SearchSpace("wide", training={**SPACE.training, "w": tune.randint(0, 999)})
    stored(uri, "narrow", [GOOD, {**GOOD, "w": 100}])
    settings, _ = begun(uri, "narrow", space=wide)
    assert [one.config["w"] for one in settings.known] == [10, 100]
