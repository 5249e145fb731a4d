"""How a DARTS supernet is trained: relaxation, hypergradient, learning rates and decays.

For `workflows/nas.py`, which searches cells with `trainables/darts_supernet.py`. DARTS-1 is softmax
with first_order, DARTS-2 softmax with unrolled, GDAS gumbel, DrNAS dirichlet, FairDARTS sigmoid;
`partial` and `edge_weights` are PC-DARTS's.
"""

from ray import tune

from automl_on_ray.search_spaces.domains import Condition, SearchSpace

SPACE = SearchSpace(
    name="darts-supernet",
    architecture={
        "partial": tune.choice([1, 2, 4]),
        "edge_weights": tune.choice([False, True]),
    },
    training={
        "relaxation": tune.choice(["softmax", "gumbel", "dirichlet", "sigmoid"]),
        "hypergradient": tune.choice(["first_order", "unrolled"]),
        "learning_rate": tune.loguniform(5e-3, 1e-1),
        "weight_decay": tune.loguniform(1e-5, 1e-2),
        "alpha_learning_rate": tune.loguniform(1e-3, 3e-2),
        "alpha_weight_decay": tune.loguniform(1e-5, 1e-2),
        "batch_size": 64,
        "warm_up": 0.2,
    },
    # A drawn path has no second order.
    conditions={"hypergradient": Condition("relaxation", ("softmax", "dirichlet", "sigmoid"))},
)
