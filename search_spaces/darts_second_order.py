"""DARTS's own search, of second order (Liu et al. 2019, arXiv:1806.09055): only the seed varies.

Its program's settings, in full; beside them `--flip --crop 4 --crop-border black`, and
`--remedy warn --select magnitude`, which `--preset darts-cifar10` gives.
"""

from ray import tune

from automl_on_ray.search_spaces.domains import Config, SearchSpace

PUBLISHED: Config = {
    "relaxation": "softmax",
    "hypergradient": "unrolled",
    "batch_size": 64,
    "learning_rate": 0.025,
    "lowest_learning_rate": 0.001,
    "momentum": 0.9,
    "weight_decay": 3e-4,
    "gradient_clip": 5.0,
    "alpha_learning_rate": 3e-4,
    "alpha_weight_decay": 1e-3,
    "warm_up": 0.0,
    "schedule_by": "epoch",
    "last_batch": True,
    "redraw_alpha_batches": True,
    "search_on_all": True,
}

SPACE = SearchSpace(
    name="darts-second-order",
    architecture={"partial": 1, "edge_weights": False},
    training={**PUBLISHED, "seed": tune.randint(0, 10_000)},
)
