"""Schedules that were kept, read again, and trained along."""

import json
import math
from dataclasses import asdict
from types import SimpleNamespace

import pytest
from ray import tune

from automl_on_ray.schedulers.populations import PerturbExplorer, PopulationBased, Segment
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.studies import Row
from automl_on_ray.studies.populations import read_schedule
from automl_on_ray.studies.populations.trial_schedules import (
    along,
    keep_schedules,
    schedules_of,
    seeds_along,
)

SPACE = SearchSpace(
    "mutable",
    architecture={"width": tune.choice([8, 16])},
    training={"rate": tune.uniform(0, 1)},
)
FIRST, SECOND = {"width": 8, "rate": 0.5}, {"width": 8, "rate": 0.25}


def entry(start, end, config, **more):
    return {"start": start, "end": end, "config": config, **more}


def read(folder, *entries):
    (folder / "schedule.json").write_text(json.dumps(entries))
    return read_schedule(folder / "schedule.json", SPACE)


def test_a_schedule_is_its_segments(tmp_path):
    found = read(tmp_path, entry(0, 2, FIRST, trial="a"), entry(2.0, "5", SECOND))
    assert found == [Segment(0, 2, "a", FIRST), Segment(2, 5, "", SECOND)]


@pytest.mark.parametrize(
    "entries",
    [
        [], [entry(1, 2, FIRST)], [entry(0, 2, FIRST), entry(3, 4, SECOND)],
        [entry(0, 0, FIRST)], [entry(0, 2, FIRST), entry(2, 2, SECOND)], [entry(0, -1, FIRST)],
    ],
)  # fmt: skip
def test_segments_must_follow_one_another(entries, tmp_path):
    with pytest.raises(UserError, match="must follow one another, the first from 0"):
        read(tmp_path, *entries)


@pytest.mark.parametrize(
    "entries",
    [[{"start": 0, "end": 1}], [entry("a", 1, FIRST)], [entry(None, 1, FIRST)], [entry(0, 1, [1])],
     [entry(0, 1e999, FIRST)]],
)  # fmt: skip
def test_what_is_no_segment_is_refused(entries, tmp_path):
    with pytest.raises(UserError, match=r'each entry must be \{"start"'):
        read(tmp_path, *entries)


def test_segments_are_members_with_one_architecture(tmp_path):
    with pytest.raises(UserError, match="rate"):
        read(tmp_path, entry(0, 2, FIRST), entry(2, 3, {"width": 8, "rate": 2.0}))
    with pytest.raises(UserError, match="'width' cannot change within a training"):
        read(tmp_path, entry(0, 2, FIRST), entry(2, 3, {"width": 16, "rate": 0.5}))


def test_constants_change_only_where_trials_have_tuned_them(tmp_path):
    space = SearchSpace("constant", training={"rate": 0.5, "decay": tune.uniform(0, 1)})
    file = tmp_path / "schedule.json"
    configs = [{"rate": rate, "decay": 0.1} for rate in (0.5, 0.7)]
    file.write_text(json.dumps([entry(e, e + 1, one) for e, one in enumerate(configs)]))
    assert [one.config for one in read_schedule(file, space, ["rate"])] == configs
    with pytest.raises(UserError, match="'rate' cannot change within a training"):
        read_schedule(file, space, ["decay"])


def test_trials_along_a_schedule_begin_with_its_first_config_and_seeds_of_their_own():
    segments = [Segment(0, 2, "a", FIRST), Segment(2, 3, "a", SECOND)]
    assert seeds_along(segments, 4) == {**FIRST, "seed": {"grid_search": [4, 5, 6]}}


def test_only_a_schedule_in_which_something_changes_is_gone_along():
    lives = {"a": [Segment(0, 2, "a", FIRST), Segment(2, 3, "a", SECOND)],
             "b": [Segment(0, 3, "b", FIRST)]}  # fmt: skip
    assert along(lives, "a") is lives["a"]
    assert along(lives, "b") is None
    assert along(lives, "c") is None


class Tracking:
    """Keeps what a study would have in MLflow."""

    def study_files(self, files):
        self.files = files


def grown():
    """A population of two trials, the first of which went on from the second."""
    population = PopulationBased(Objective("score"), PerturbExplorer(SPACE, 0), interval=2)
    for name, config, score in (("a", SECOND, 1.0), ("b", FIRST, 2.0)):
        population.members.join(name, config)
        population.members.reported(name, 2)
        population.members.judge(name, 2, score)
    population.members.take_over(population.members.begin("a", "b"), SECOND)
    population.members.reported("a", 4)
    return population


def rows(*scores):
    return [Row(name, {}, {"score": score}, "completed", 4) for name, score in scores]


def test_all_schedules_are_kept_and_the_best_one_is_shown(tmp_path):
    study, tracking = SimpleNamespace(path=tmp_path), Tracking()
    assert schedules_of(study) == {}
    keep_schedules(study, grown(), rows(("b", 2.0), ("a", 3.0)), [Objective("score")], tracking)
    best = [Segment(0, 2, "b", FIRST), Segment(2, 4, "a", SECOND)]
    assert schedules_of(study) == {"b": [Segment(0, 2, "b", FIRST)], "a": best}
    assert read_schedule(tmp_path / "schedule.json", SPACE) == best
    assert json.loads(tracking.files["schedule.json"]) == [asdict(segment) for segment in best]
    for name in ("family.png", "schedule.png"):
        assert tracking.files[name].startswith(b"\x89PNG")


def test_where_no_trial_has_a_score_all_schedules_are_kept_and_none_is_shown(tmp_path):
    study, tracking = SimpleNamespace(path=tmp_path), Tracking()
    keep_schedules(study, grown(), rows(("a", math.nan)), [Objective("score")], tracking)
    assert list(schedules_of(study)) == ["a"]
    assert not (tmp_path / "schedule.json").exists()
    assert not vars(tracking)


def test_a_schedule_of_one_segment_is_one(tmp_path):
    assert read(tmp_path, entry(0, 3, FIRST)) == [Segment(0, 3, "", FIRST)]
    wide = {"width": 16, "rate": 0.5}
    with pytest.raises(UserError, match="'width' cannot change"):
        read(tmp_path, entry(0, 2, FIRST), entry(2, 3, wide), entry(3, 4, wide))
