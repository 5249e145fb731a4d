"""What is asked of nas.py is what will be done: options, as trials are given them."""

import itertools

import pytest
from ray import tune

from automl_on_ray.search_spaces.cells import published_cell
from automl_on_ray.studies.architecture import NasSettings, prepare
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.image_classifier import ImageClassifier
from automl_on_ray.trainables.multi_process import alone

NAMES = (f"plan-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def planned(storage):
    def plan(**asked):
        usual = {
            "dataset": "digits", "stem_stride": 1, "search_channels": 4, "layers": 3,
            "searcher": "random", "storage": str(storage), "name": next(NAMES),
            "tracking_uri": f"sqlite:///{storage}/mlflow.db",
        }  # fmt: skip
        made = prepare(NasSettings(**{**usual, **asked}))
        with made.study:
            return made

    return plan


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
    asked = plan.cells.constants
    assert {key: asked[key] for key in NETWORK} == NETWORK
    for key, value in NETWORK.items():
        assert usual.cells.constants.get(key) != value
    assert plan.offers["space"].constants == asked
    # Supernets move images in the same way.
    moves = {key: NETWORK[key] for key in ("flip", "crop", "crop_border")}
    assert moves.items() <= plan.judging.space.constants.items()


SUPERNET = {
    "search_epochs": ("epochs", 5), "search_images": ("subset", 300),
    "search_channels": ("channels", 8), "search_layers": ("layers", 2),
    "remedy": ("remedy", "warn"), "eigenvalue_every": ("eigenvalue_every", 3),
    "select": ("select", "perturbation"), "recompute": ("recompute", True),
    "operations": ("operations", "s3"), "seed": ("seed", 7),
}  # fmt: skip


def test_a_supernet_is_trained_with_what_was_asked(usual, planned):
    asked = planned(**{option: value for option, (_, value) in SUPERNET.items()})
    for keyword, value in SUPERNET.values():
        assert asked.judging.offers[keyword] == value
        assert usual.judging.offers[keyword] != value


def test_so_many_supernets_are_trained_for_so_many_epochs(planned):
    judging = planned(supernets=7, search_epochs=5).judging
    assert (judging.role, judging.samples, judging.epochs) == ("supernet", 7, 5)
    assert judging.objective.metric == "val_loss"


def test_cells_by_themselves_are_proposed_as_often_as_asked_and_trained_as_in_selection(planned):
    plan = planned(evaluation="standalone", proposals=9, select_epochs=2, select_images=300)
    judging = plan.judging
    assert (judging.role, judging.klass) == ("standalone", ImageClassifier)
    assert (judging.samples, judging.epochs, judging.offers["subset"]) == (9, 2, 300)
    assert set(judging.space.domains) == set(plan.cells.domains)


def test_supernets_are_trained_by_as_many_processes_as_asked(usual, planned):
    one, two = usual.judging, planned(search_workers=2).judging
    assert (one.klass, one.workers) == (DartsSupernet, 1)
    assert two.workers == 2
    assert two.klass is not DartsSupernet
    assert issubclass(two.klass, tune.Trainable)
    assert alone(two.klass) is DartsSupernet


def test_given_cells_take_the_place_of_what_is_found(planned):
    plan = planned(cells="darts_v2")
    assert plan.given == {"darts_v2": published_cell("darts_v2")}
    assert plan.record.searcher == "none: cells were given"


def test_a_population_of_supernets_is_compared_as_asked(planned):
    pbt = {"scheduler": "pbt", "explore": "perturb", "search_epochs": 8}
    assert planned(**pbt, interval=3).scheduler.members.interval == 3


def test_the_searcher_proposes_for_as_many_epochs_and_trials_as_there_are(planned):
    settings = planned(searcher="sobol", seed=5, supernets=3, search_epochs=2).searcher.settings
    assert (settings.seed, settings.samples, settings.max_t) == (5, 3, 2)
    assert str(settings.objectives[0]) == "-val_loss"
