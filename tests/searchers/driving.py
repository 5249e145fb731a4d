"""Driving a searcher without Tune, on a plane whose peak is known."""

from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective
from tests.helpers.waiting import wait_until

PLANE = SearchSpace("plane", training={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)})
SCORE = (Objective("score"),)


def peak(config):
    return -((config["x"] - 0.7) ** 2) - (config["y"] - 0.2) ** 2


def take(searcher, trial_id, seconds=120.0):
    """The searcher's answer for `trial_id`, asked for again as long as it is None."""
    answers = []

    def answered():
        answers.append(searcher.suggest(trial_id))
        return answers[-1] is not None

    wait_until(answered, seconds)
    return answers[-1]


class Broken:
    """A model that cannot suggest, of which every process of its own would find out."""

    def __init__(self, start):
        self.start = start

    def tell(self, *event):
        raise ValueError("this cannot be told")

    def suggest(self):
        if self.start == "raises":
            raise ValueError("a range is too narrow")
        return {"x": 1}
