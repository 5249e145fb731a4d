"""Functions of a config for runs of searchers: what a process of theirs imports in no time."""

from ray import tune

from automl_on_ray.search_spaces import SearchSpace

SPACE = SearchSpace("line", training={"x": tune.randint(0, 40), "y": tune.uniform(0, 1)})


def score(config):
    return -abs(config["x"] - 30)


def fails_below_ten(config):
    if config["x"] < 10:
        raise ValueError("below ten")
    return {"score": score(config), "cost": config["x"]}
