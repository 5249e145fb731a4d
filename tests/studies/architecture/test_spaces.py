"""Which space is searched and how: by name, with what the options fix, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace, build, darts
from automl_on_ray.search_spaces.core import Objective, UserError, give
from automl_on_ray.search_spaces.macro import SPACE as MACRO
from automl_on_ray.search_spaces.nas_bench_201 import SPACE as BENCHMARK
from automl_on_ray.studies import Row
from automl_on_ray.studies.architecture import NasSettings, prepare
from automl_on_ray.studies.architecture.candidates import (
    candidates_of,
    judge,
    random_candidates,
    read_searched,
)
from automl_on_ray.studies.architecture.evaluations import way_of
from automl_on_ray.studies.comparison.by_training.recipes import RetrainingRecipe

OWN = SearchSpace(
    "mine",
    architecture={
        "width": tune.choice([4, 8]), "depth": tune.randint(2, 4), "kernel_size": 3,
        "activation": "relu", "normalisation": "batch",
        "dropout": tune.uniform(0.0, 0.5),
    },
    training={"learning_rate": tune.loguniform(1e-3, 1e-1), "optimizer": "sgd"},
    constraints=("width + 4 * depth <= 16",),
    build=build,
)  # fmt: skip
MINE = give(OWN, "the space mine")
CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"


def way(**asked):
    return way_of(NasSettings(**asked))


@pytest.mark.parametrize(
    ("asked", "evaluation", "proposed", "candidates"),
    [
        ({}, "standalone", "macro", "macro"),
        ({"evaluation": "supernet"}, "supernet", "darts-supernet", "darts"),
        ({"evaluation": "standalone"}, "standalone", "darts", "darts"),
        ({"space": "darts"}, "standalone", "darts", "darts"),
        ({"space": "darts-first-order"}, "supernet", "darts-first-order", "darts"),
        ({"space": "nas-bench-201"}, "standalone", "nas-bench-201", "nas-bench-201"),
        ({"space": "macro"}, "standalone", "macro", "macro"),
        ({"space": "mnist-cnn"}, "standalone", "mnist-cnn", "mnist-cnn"),
        ({"space": MINE}, "standalone", "mine", "mine"),
    ],
)
def test_a_space_means_an_evaluation_and_an_evaluation_a_space(
    asked, evaluation, proposed, candidates
):
    found = way(**asked)
    assert found.asked.evaluation == evaluation
    assert (found.proposed.name, found.candidates.name) == (proposed, candidates)
    assert found.samples == {"supernet": 4, "standalone": 64}[evaluation]


def test_what_is_not_given_is_as_the_evaluation_usually_has_it():
    def usual(**asked):
        own = way(**asked).asked
        return own.searcher, own.scheduler, own.epochs, own.select_epochs

    assert usual(evaluation="supernet") == ("bayesian", "fifo", 6, 3)
    assert usual() == usual(space="darts") == ("gaussian-process", "asha", 9, 9)
    assert usual(scheduler="fifo", epochs=2) == ("gaussian-process", "fifo", 2, 2)


def test_a_cell_is_what_varies_of_darts_and_elsewhere_the_training_may_vary_with_it():
    assert set(way(space="darts").candidates.domains) & {"learning_rate", "weight_decay"} == set()
    assert "learning_rate" in way(space="nas-bench-201").candidates.domains
    assert "batch_size" in way(space="macro").candidates.domains


def test_an_option_takes_the_place_of_what_a_space_declares_or_adds_to_its_training():
    fixed = way(space="nas-bench-201", channels=4, learning_rate=0.1, flip=True, crop=2).candidates
    usual = way(space="nas-bench-201").candidates
    told = {"channels": 4, "learning_rate": 0.1, "flip": True, "crop": 2}
    assert told.items() <= fixed.constants.items()
    assert set(usual.domains) - set(fixed.domains) == {"learning_rate"}
    assert usual.constants["channels"] == BENCHMARK.constants["channels"] == 16


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"space": "macro", "channels": 8}, "--channels is nothing that space 'macro' has"),
        ({"space": "nas-bench-201", "operations": "s2"}, "--operations is nothing that"),
        ({"space": "macro", "drop_path": 0.1}, "--drop-path is nothing that space 'macro' has"),
        ({"space": "macro", "evaluation": "supernet"}, "which space 'macro' does not tell"),
        ({"space": "darts-supernet", "evaluation": "standalone"}, "has no build function"),
        ({"space": "makro"}, "Did you mean 'macro'"),
        ({"evaluation": "alone"}, "Unknown evaluation 'alone'"),
        ({"space": give(SearchSpace("s", training={"seed": tune.randint(0, 9)}, build=build))},
         "has a 'seed', but each architecture is trained with --select-seeds"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_in_a_line(asked, message):
    with pytest.raises(UserError, match=message) as refused:
        way(**asked)
    assert "\n" not in str(refused.value)


def tried(name, config, accuracy):
    row = {"trial_id": name, "config": config, "metrics": {"val_accuracy": accuracy}}
    return read_searched({**row, "outcome": "completed", "iterations": 3, "candidate": config})


def test_equal_networks_are_one_candidate_and_another_training_makes_another():
    """An edge that leads nowhere changes nothing."""
    edges = {key: "none" for key in BENCHMARK.domains if key.startswith("edge")}
    one = {**edges, "edge_0_3": "nor_conv_3x3", "learning_rate": 0.1}
    same = {**one, "edge_0_1": "nor_conv_1x1"}
    other = {**one, "learning_rate": 0.2}
    searched = [tried("a", one, 0.5), tried("b", same, 0.7), tried("c", other, 0.6)]
    found = candidates_of(searched, [Objective("val_accuracy")], space=BENCHMARK, most=5)
    assert [(each.origin, each.config) for each in found] == [("b and 1 more", same), ("c", other)]


@pytest.mark.parametrize("space", [MACRO, BENCHMARK, OWN], ids=lambda space: space.name)
def test_the_control_is_drawn_from_the_whole_space_active_parameters_alone(space):
    drawn = random_candidates(space, count=20, without=[], seed=3)
    assert len(drawn) == 20
    assert random_candidates(space, count=30, without=[], seed=3)[:20] == drawn
    for one in drawn:
        member = {**space.constants, **one.config}
        space.check(member)
        assert space.active(member) == member
        if space is OWN:
            assert one.config["width"] + 4 * one.config["depth"] <= 16


def test_a_network_is_found_again_by_what_its_trial_was_given():
    """Tune's config has constants, a seed, and None for what does not apply."""
    space, aim = MACRO, Objective("val_accuracy")
    first, second = random_candidates(space, count=2, without=[], seed=1)
    blank = dict.fromkeys(space.domains)
    rows = [
        Row(f"{n}{seed}", {**blank, **space.constants, **one.config, "seed": seed},
            {"val_accuracy": 0.5 + n / 10 + seed / 100}, "completed", 1)
        for n, one in enumerate((first, second)) for seed in range(2)
    ]  # fmt: skip
    judged = judge([first, second], rows, [aim], space=space, seeds=2)
    assert [each.candidate for each in judged] == [second, first]
    assert judged[0].values == pytest.approx((0.6, 0.61))


SMALL = {"dataset": "digits", "searcher": "random", "epochs": 1}


@pytest.fixture
def planned(tmp_path):
    numbers = iter(range(100))

    def plan(**asked):
        settings = NasSettings(
            **{**SMALL, "storage": str(tmp_path), "name": f"study-{next(numbers)}", **asked}
        )
        with (found := prepare(settings)).study:
            return found

    return plan


def test_whole_configs_are_tried_first_and_compared_in_place_of_a_search(planned, tmp_path):
    member = MACRO.sample(np.random.default_rng(5))
    path = tmp_path / "best_config.json"
    path.write_text(json.dumps([member]))
    plan = planned(space="macro", try_first=path)
    first = plan.searcher.suggest("a")
    assert {key: first[key] for key in member if key in MACRO.domains} == {
        key: value for key, value in member.items() if key in MACRO.domains
    }
    given = planned(space="macro", cells=str(path)).given
    assert given == {str(path): {k: v for k, v in member.items() if k in MACRO.domains}}
    with pytest.raises(UserError, match=r"space 'macro' has its members in \.json files"):
        planned(space="macro", cells="darts_v2")


def test_a_cell_as_the_benchmark_writes_it_needs_a_learning_rate_beside_it(planned):
    with pytest.raises(UserError, match=r"nothing of 'learning_rate'.*give --learning-rate"):
        planned(space="nas-bench-201", cells=CELL)
    plan = planned(space="nas-bench-201", cells=CELL, learning_rate=0.1)
    assert list(plan.given) == [CELL]
    assert plan.given[CELL]["edge_0_1"] == "nor_conv_3x3"


def test_images_that_a_space_s_networks_cannot_take_are_told_beforehand(planned, tmp_path):
    tiny = tmp_path / "tiny.npz"
    images = np.random.default_rng(0).integers(0, 255, (200, 3, 3), dtype=np.uint8)
    np.savez(tiny, images=images, labels=np.arange(200) % 4)
    for space in ("macro", "nas-bench-201"):
        with pytest.raises(UserError, match="Images of 3 x 3 are too small"):
            planned(space=space, dataset=str(tiny))


def test_a_study_of_cells_that_was_begun_when_there_were_no_other_spaces_goes_on(planned):
    """By then these options had no None, and the rows of the search had a `cell`."""
    asked = planned(evaluation="standalone", stem_stride=1, layers=3).study.asked
    was = {
        "evaluation": "standalone", "space": {}, "operations": "darts", "channels": 8, "layers": 3,
        "stem-stride": 1, "drop-path": 0.0, "auxiliary-weight": 0.0, "learning-rate": 0.05,
        "weight-decay": 3e-4, "augmentation": 0.5, "flip": False, "crop": 0, "cutout": None,
        "even-cutout": False, "crop-border": "mirror", "nesterov": True, "gradient-clip": 0.0,
        "decay-vectors": False, "schedule-by": "batch", "last-batch": False,
    }  # fmt: skip
    assert {key: asked[key] for key in was} == was
    cell = {k: v for k, v in darts.SPACE.sample(np.random.default_rng(0)).items() if "node" in k}
    row = {"trial_id": "a", "config": cell, "metrics": {}, "outcome": "completed", "iterations": 1}
    assert read_searched({**row, "cell": cell, "warning": ""}).candidate == cell


def test_what_an_option_fixes_is_believed_no_more():
    beliefs = {"width": "choice(4: 3, 8: 1)", "learning_rate": "lognormal(1e-2, x3)"}
    own = replace(OWN, beliefs=beliefs)
    fixed = way(space=give(own, "the space of beliefs"), learning_rate=0.01).candidates
    retrained = RetrainingRecipe("short", 3, {"learning_rate": 0.01}).space(own)
    for space in (fixed, retrained):
        space.validate()
        assert [belief.key for belief in space.believed] == ["width"]


def test_a_condition_on_what_an_option_fixes_still_holds():
    own = SearchSpace(
        "bent", training={"optimizer": tune.choice(["sgd", "adamw"]),
                          "learning_rate": tune.loguniform(1e-3, 1e-1)},
        conditions={"learning_rate": Condition("optimizer", ("sgd",))}, build=build,
    )  # fmt: skip
    fixed = way(space=give(own, "the space bent"), learning_rate=0.01).candidates
    assert fixed.active({"optimizer": "adamw", "learning_rate": 0.01}) == {"optimizer": "adamw"}
