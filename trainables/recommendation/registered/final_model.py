"""The model that a study of a recommender registers."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.trainables.recommendation.events import Events
from automl_on_ray.trainables.recommendation.models import REQUIREMENTS, Recommender, save
from automl_on_ray.trainables.recommendation.registered.history import History
from automl_on_ray.trainables.recommendation.registered.recommender_model import COUNT
from automl_on_ray.trainables.registered_models import Brought, bring_code

PACKAGES = ("numpy", "pandas", "scipy", "threadpoolctl")
BROUGHT = Brought(
    "automl_on_ray.trainables.recommendation",
    Path(__file__).parents[1],
    ("ids.py", "metrics.py", "seen.py", "registered/history.py", "registered/recommender_model.py",
     "models/*.py"),
    entry="registered.recommender_model",
    start="automl_recommender",
)  # fmt: skip
EXAMPLES = 3  # events
PAGE = """Recommends items to users: {config}.

`mlflow.pyfunc.load_model("models:/{{name}}/{{version}}").predict(frame)` answers a DataFrame, a \
row an item: `{user}`, `{item}`, its `rank` from 1 and its `score`. There are {count} for each \
user in the frame, or as many as the parameter `count` says.

The frame has the users to recommend to: `{user}`. With `{item}` beside it, its rows are further \
events, in order of time; one without an item only asks. What the model has learned of a user \
counts as well. Users and items that \
it has never seen are taken; a user of whom nothing is known is given what is popular. No user is \
given an item that he had.

It knows {users:,} users and {items:,} items, by their ids as text, and holds their events: who \
has its files can read them.

To a server (`mlflow models serve`), send JSON `{{"dataframe_records": [{{...}}, ...]}}`.
"""


def final_model_of(
    fitted: Callable[[], Recommender],
    config: Config,
    events: Events,
    metrics: Mapping[str, float],
    *,
    folder: Path,
) -> FinalModel:
    """Of what is `fitted` to all before the test part, when it is called for.

    `metrics` are those of the test part. The code that goes with it is written to `folder`.
    """
    history = _history(events)
    user, item = history.columns.tolist()
    told = ", ".join(f"{key} = {value}" for key, value in config.items())
    return FinalModel(
        write=partial(_write, fitted, str(config["model"]), history),
        code=(bring_code(BROUGHT, folder),),
        inputs=((user, "any"), (item, "any")),
        optional=(item,),
        outputs=((user, "any"), (item, "string"), ("rank", "long"), ("score", "double")),
        params={"count": COUNT},
        example=_example(history),
        requirements=(*PACKAGES, *REQUIREMENTS.get(str(config["model"]), ())),
        facts={"kind": "recommender", "config": dict(config), "user": user, "item": item,
               "users": len(history.user_ids), "items": len(history.item_ids)},
        page=PAGE.format(config=told, user=user, item=item, count=COUNT,
                         users=len(history.user_ids), items=len(history.item_ids)),
        metrics=metrics,
    )  # fmt: skip


def _history(events: Events) -> History:
    seen = events.seen(None)
    columns = [events.column(role) for role in ("user", "item")]
    return History(
        np.array(columns), np.array(events.user_ids), np.array(events.item_ids),
        seen.users.astype("int32"), seen.items.astype("int32"),
        np.empty(0) if seen.values is None else seen.values,
    )  # fmt: skip


def _example(history: History) -> pd.DataFrame:
    users = history.user_ids[history.users[:EXAMPLES]]
    items = history.item_ids[history.items[:EXAMPLES]]
    columns: Any = dict(zip(history.columns.tolist(), (users, items), strict=True))
    return pd.DataFrame(columns)


def _write(fitted: Callable[[], Recommender], model: str, history: History, folder: Path) -> Path:
    place = folder / "model"
    save(model, fitted(), place)
    history.save(place)
    return place
