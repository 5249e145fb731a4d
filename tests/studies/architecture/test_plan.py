"""What an architecture search will do, by its settings: what other searches take, it takes too."""

import json

import numpy as np
import pytest
from ray.tune import grid_search

from automl_on_ray.clusters import Resources
from automl_on_ray.search_spaces.cells import published_cell
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.darts_supernet import SPACE
from automl_on_ray.studies.architecture import NasSettings, prepare
from automl_on_ray.studies.search import stage_of
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.image_classifier import ImageClassifier
from automl_on_ray.trainables.one_shot import InheritedCell
from tests.helpers.counting import Accurate, Counting

SMALL = {"evaluation": "supernet", "dataset": "digits", "stem_stride": 1,
         "search_images": 200, "search_channels": 4, "layers": 3, "channels": 4,
         "epochs": 3, "searcher": "random", "operations": "s2"}  # fmt: skip
RESOURCES = Resources(slots=4, cpus=1.0, gpus=0.0)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Plans in one storage: to make MLflow's database takes seconds."""
    storage = tmp_path_factory.mktemp("studies")
    numbers = iter(range(100))

    def plan(**asked):
        settings = NasSettings(
            **{**SMALL, "storage": str(storage), "name": f"study-{next(numbers)}", **asked}
        )
        with (found := prepare(settings)).study:
            return found

    return plan


@pytest.fixture
def members():
    """Ways to train a supernet, as JSON has them."""
    generator = np.random.default_rng(1)
    return [
        {key: value for key, value in SPACE.sample(generator).items() if key in SPACE.domains}
        for _ in range(3)
    ]


def written(path, value):
    path.write_text(json.dumps(value))
    return path


def test_ways_to_train_a_supernet_may_be_tried_first(planned, members, tmp_path):
    plan = planned(try_first=written(tmp_path / "first.json", members[:2]))
    tried = [plan.searcher.suggest(f"trial_{number}") for number in range(2)]
    for one, member in zip(tried, members, strict=False):
        assert {key: one[key] for key in member} == member


def test_known_supernets_need_the_metric_that_supernets_are_judged_by(planned, members, tmp_path):
    told = [{"config": members[0], "metrics": {"val_loss": 0.7}}]
    plan = planned(searcher="bayesian", known=[written(tmp_path / "known.json", told)])
    assert plan.study.asked["known"][0]["curve"] == {"3": {"val_loss": 0.7}}
    told[0]["metrics"] = {"val_accuracy": 0.7}
    with pytest.raises(UserError, match="no metric 'val_loss'"):
        planned(searcher="bayesian", known=[written(tmp_path / "known.json", told)])


def test_a_supernet_may_have_to_be_small(planned):
    plan = planned(searcher="bayesian", outcome_constraint=["parameters <= 20000"])
    assert set(plan.awaited) == {"val_loss", "parameters"}
    with pytest.raises(UserError, match="Unknown metric 'flops'"):
        planned(searcher="bayesian", outcome_constraint=["flops <= 1"])


def test_a_search_may_end_when_its_trials_have_cost_enough(planned):
    budget = planned(cost=1.0, price_per_hour=2.0).budget()
    budget("supernet", {"time_total_s": 1700.0})
    assert not budget.stop_all()
    budget("supernet", {"time_total_s": 1900.0})
    assert budget.stop_all()
    assert budget.reason == "the cost budget of 1 is used up"


def test_some_of_the_supernets_are_alive_at_once_in_a_population(planned):
    plan = planned(scheduler="pbt", explore="perturb", trials=6, population=3)
    assert stage_of(plan, RESOURCES).at_once == 3
    with pytest.raises(UserError, match="more than the 6 trials"):
        planned(scheduler="pbt", explore="perturb", trials=6, population=7)


def test_a_schedule_of_a_supernet_is_gone_through_by_three_of_them(planned, members, tmp_path):
    begin = {**SPACE.constants, "flip": False, "crop": 0, **members[0]}
    later = {**begin, "alpha_learning_rate": members[1]["alpha_learning_rate"]}
    first, second = (
        {"start": start, "end": start + 2, "config": config}
        for start, config in ((0, begin), (2, later))
    )
    plan = planned(replay=written(tmp_path / "schedule.json", [first, second]))
    stage = stage_of(plan, RESOURCES)
    assert (plan.record.scheduler, stage.epochs, stage.expected) == ("replay", 4, 3)
    assert stage.searcher is None
    assert (plan.study.asked["searcher"], plan.study.asked["scheduler"]) == (
        "none: a schedule was given", "replay",
    )  # fmt: skip
    with pytest.raises(UserError, match="--population is for a search, and --replay searches noth"):
        planned(replay=tmp_path / "schedule.json", population=3)
    assert stage.param_space["seed"] == grid_search([0, 1, 2])


def test_fewer_images_are_fewer_in_every_stage(planned):
    plan = planned(subset=500, search_images=0)
    assert len(plan.data.joined()) == 500
    assert plan.trial_kwargs["subset"] == plan.evaluation.trial_kwargs["subset"] == 500
    assert planned(subset=500, search_images=300).evaluation.trial_kwargs["subset"] == 300
    assert planned(search_images=0).evaluation.trial_kwargs["subset"] is None


def test_a_search_tries_as_many_configs_as_asked_else_as_many_as_its_kind_usually_does(planned):
    assert planned().evaluation.samples == 4
    assert planned(evaluation="standalone").evaluation.samples == 64
    for evaluation in ("supernet", "standalone"):
        assert planned(evaluation=evaluation, trials=3).evaluation.samples == 3


def test_a_search_may_be_asked_for_more_trials_later_but_not_for_fewer(planned):
    planned(name="growing", trials=3).study.write_rows([])
    assert not planned(name="growing", trials=5).study.searched
    with pytest.raises(UserError, match="begun with trials = 5, but is now asked with 4"):
        planned(name="growing")


def aims(plan):
    return [[str(aim) for aim in each] for each in (plan.evaluation.objectives, plan.objectives)]


def test_supernets_are_judged_by_their_loss_unless_an_objective_is_given(planned):
    assert aims(planned()) == [["-val_loss"], ["val_accuracy"]]
    assert aims(planned(objective="-val_loss")) == [["-val_loss"]] * 2
    assert aims(planned(objective="accuracy, -val_loss")) == [["val_accuracy", "-val_loss"]] * 2


def test_cells_by_themselves_can_be_judged_by_their_size_too_but_no_supernet_tells_it(planned):
    both, plain = "accuracy, -parameters", [["val_accuracy", "-parameters"]] * 2
    assert aims(planned(evaluation="standalone", objective=both)) == plain
    assert aims(planned(cells="darts_v2", operations="darts", objective=both))[1] == plain[1]
    with pytest.raises(UserError, match=r"cannot tell 'parameters' of a cell.*--evaluation stand"):
        planned(objective=both)
    with pytest.raises(UserError, match="Unknown metric 'skip_connections' in the objective"):
        planned(objective="skip_connections")


COUNTING = "tests.helpers.counting:Counting"


def test_the_user_s_own_trainable_trains_cells_by_themselves_and_the_winner(planned):
    plan = planned(evaluation="standalone", trainable=COUNTING, objective="convolutions")
    assert plan.klass is plan.evaluation.klass is Counting
    assert plan.data is None
    assert aims(plan) == [["convolutions"]] * 2
    with pytest.raises(UserError, match="Unknown metric 'accuracy' in the objective"):
        planned(evaluation="standalone", trainable=COUNTING)
    with pytest.raises(UserError, match="Counting is none"):
        planned(
            evaluation="standalone", trainable=COUNTING, objective="convolutions", search_workers=2
        )


def test_supernets_are_trained_by_ours_and_their_cells_by_the_user_s_trainable(planned):
    plan = planned(trainable=f"{COUNTING.partition(':')[0]}:Accurate", search_workers=2)
    assert plan.klass is Accurate
    assert plan.evaluation.klass.klass is DartsSupernet
    assert plan.data.name == "digits"
    assert plan.asked.modules_named() == ["darts-supernet", "tests.helpers.counting"]


@pytest.mark.parametrize("evaluation", ["supernet", "standalone"])
def test_epochs_are_those_of_the_search_and_final_epochs_those_of_the_winner(planned, evaluation):
    plan = planned(evaluation=evaluation, epochs=5, final_epochs=7, final_seeds=1)
    assert stage_of(plan, RESOURCES).epochs == plan.evaluation.trial_kwargs["epochs"] == 5
    assert plan.trial_kwargs["epochs"] == plan.asked.epochs_of_final == 7


def test_several_processes_train_one_supernet(planned):
    plan = planned(search_workers=2)
    stage = stage_of(plan, RESOURCES)
    assert (stage.workers, stage.at_once) == (2, 2)
    assert plan.evaluation.klass.klass is DartsSupernet


@pytest.fixture(scope="module")
def usual(planned):
    return planned()


NETWORK = {
    "channels": 12, "layers": 4, "drop_path": 0.3, "auxiliary_weight": 0.4, "learning_rate": 0.2,
    "weight_decay": 0.01, "augmentation": 1.5, "flip": True, "crop": 2, "cutout": 3,
    "even_cutout": True, "crop_border": "black", "nesterov": False, "gradient_clip": 4.0,
    "decay_vectors": True, "schedule_by": "epoch", "last_batch": True,
}  # fmt: skip


def test_a_cell_by_itself_is_trained_with_what_was_asked(usual, planned):
    plan = planned(**NETWORK)
    asked = plan.candidates.constants
    assert {key: asked[key] for key in NETWORK} == NETWORK
    for key, value in NETWORK.items():
        assert usual.candidates.constants.get(key) != value
    assert plan.trial_kwargs["space"].constants == asked
    # Supernets move images in the same way.
    moves = {key: NETWORK[key] for key in ("flip", "crop", "crop_border")}
    assert moves.items() <= plan.evaluation.space.constants.items()


SUPERNET = {
    "epochs": ("epochs", 5), "search_images": ("subset", 300),
    "search_channels": ("channels", 8), "search_layers": ("layers", 2),
    "remedy": ("remedy", "warn"), "eigenvalue_every": ("eigenvalue_every", 3),
    "select": ("select", "perturbation"), "recompute": ("recompute", True),
    "operations": ("operations", "s3"), "seed": ("seed", 7),
}  # fmt: skip


def test_a_supernet_is_trained_with_what_was_asked(usual, planned):
    asked = planned(**{option: value for option, (_, value) in SUPERNET.items()})
    for keyword, value in SUPERNET.values():
        assert asked.evaluation.trial_kwargs[keyword] == value
        assert usual.evaluation.trial_kwargs[keyword] != value


def test_cells_by_themselves_are_proposed_as_often_as_asked_and_trained_as_in_selection(planned):
    plan = planned(evaluation="standalone", trials=9, epochs=5, select_images=300)
    found = plan.evaluation
    assert (found.role, found.klass) == ("standalone", ImageClassifier)
    assert (found.samples, found.epochs, found.trial_kwargs["subset"]) == (9, 5, 300)
    assert set(found.space.domains) == set(plan.candidates.domains)


def test_given_cells_take_the_place_of_what_is_found(planned):
    plan = planned(cells="darts_v2", operations="darts")
    assert plan.given == {"darts_v2": published_cell("darts_v2")}
    assert plan.record.searcher == "none: cells were given"


def test_the_searcher_proposes_for_as_many_epochs_and_trials_as_there_are(planned):
    settings = planned(searcher="sobol", seed=5, trials=3, epochs=2).searcher.settings
    assert (settings.seed, settings.samples, settings.max_t) == (5, 3, 2)
    assert str(settings.objectives[0]) == "-val_loss"


def test_the_search_has_the_minutes_that_it_was_given_and_so_has_each_trial(planned):
    plan = planned(minutes=3.0, trial_minutes=0.5, max_failures=4)
    assert 0 < plan.budget().seconds_left <= 180
    stage = stage_of(plan, RESOURCES)
    assert (stage.trial_minutes, stage.max_failures) == (0.5, 4)


def test_cells_with_inherited_weights_are_proposed_by_any_searcher_and_reported_once(planned):
    plan = planned(evaluation="one-shot", searcher="evolution", search_images=300)
    assert (plan.evaluation.klass, plan.evaluation.samples) == (InheritedCell, 200)
    assert stage_of(plan, RESOURCES).epochs == 1
    assert plan.evaluation.space is plan.way.candidates
    assert plan.evaluation.trial_kwargs["subset"] == 300
    assert plan.way.spread == 5
    assert [str(aim) for aim in plan.evaluation.objectives] == ["val_accuracy"]
    both = planned(evaluation="one-shot", objective="accuracy, -parameters")
    assert [aim.metric for aim in both.evaluation.objectives] == ["val_accuracy", "parameters"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"operations": "s1"}, "s1 differ from edge to edge"),
        ({"space": "nas-bench-201"}, "supernet of DARTS's cells alone"),
        ({"objective": "flops"}, "cannot tell 'flops' of a cell"),
        ({"gpus_per_trial": "auto"}, "give a number with --evaluation one-shot"),
        ({"replay": "schedule.json"}, "one-shot ones have one each"),
    ],
)
def test_what_inherited_weights_cannot_do_is_one_line(planned, asked, message):
    with pytest.raises(UserError, match=message):
        planned(evaluation="one-shot", **asked)
