"""What a registered recommender takes and answers: events of users in, the best items out.

MLflow loads it from a copy that is stored with each model, beside copies of what it imports here.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.trainables.recommendation.ids import texts_of
from automl_on_ray.trainables.recommendation.metrics import top
from automl_on_ray.trainables.recommendation.models import Recommender, load
from automl_on_ray.trainables.recommendation.registered.history import History
from automl_on_ray.trainables.recommendation.seen import Seen

COUNT = 10
AT_ONCE = 1_000  # users


class RecommenderModel:
    """`predict` is what MLflow calls."""

    def __init__(self, fitted: Recommender, history: History) -> None:
        self.fitted, self.history = fitted, history
        self.user, self.item = history.columns.tolist()

    def predict(self, frame: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """The `count` best items (10) for each user in `frame`, best first.

        `frame` has the users, in a column named as the one that was learned from. It may have items
        beside them: what they had since, in order of time, or nothing. What the model knows of a
        user counts as well; a user need not be known, nor an item. Where there were ratings, an
        event in `frame` counts as one of the mean. It is a DataFrame, a dict of columns or a list
        of rows as dicts.
        The answer has a row an item: user, item, `rank` from 1, `score`. No user is given an item
        that he had. ValueError for what cannot be taken.
        """
        count = int((params or {}).get("count", COUNT))
        if count < 1:
            raise ValueError(f"count must be 1 or more, but is {count}.")
        rows = self._rows(frame)
        users = _texts(rows, self.user)
        items = _texts(rows, self.item) if self.item in rows else [None] * len(users)
        if None in users:
            raise ValueError(f"The column {self.user!r} has no user in row {users.index(None)}.")
        had = {str(user): self.history.had_by(str(user)) for user in dict.fromkeys(users)}
        for user, item in zip(users, items, strict=True):
            code = None if item is None else self.history.item_code(item)
            if code is not None:
                had[str(user)].setdefault(code, self.history.usual)
        as_given = dict(zip(users, rows[self.user], strict=True))
        return pd.DataFrame(
            ((as_given[user], *told) for user, told in self._best(had, count)),
            columns=[self.user, self.item, "rank", "score"],
        )

    def _best(
        self, had: Mapping[str, Mapping[int, float]], count: int
    ) -> Iterator[tuple[str, Any]]:
        """Of each user in turn: item, rank and score."""
        names = list(had)
        for start in range(0, len(names), AT_ONCE):
            users = names[start : start + AT_ONCE]
            scores, seen = self._scores([had[user] for user in users])
            ranked = top(scores, seen.matrix(), count)
            for row, (user, codes) in enumerate(zip(users, ranked, strict=True)):
                for place, code in enumerate(codes[codes >= 0], 1):
                    item = str(self.history.item_ids[code])
                    yield user, (item, place, float(scores[row, code]))

    def _scores(self, had: Sequence[Mapping[int, float]]) -> tuple[np.ndarray, Seen]:
        """(users, items), and what they had; what is popular for those who had nothing known."""
        lengths = [len(own) for own in had]
        users = np.repeat(np.arange(len(had)), lengths)
        items = np.array([code for own in had for code in own], dtype="int64")
        times = np.arange(len(items), dtype="float64")
        values = np.array([value for own in had for value in own.values()], dtype="float64")
        rated = values if len(self.history.values) else None
        seen = Seen(users, items, times, rated, len(had), len(self.history.item_ids))
        scores = np.array(self.fitted.scores(np.arange(len(had)), seen), dtype="float32")
        scores[np.array(lengths) == 0] = self.history.popularity
        return scores, seen

    def _rows(self, given: Any) -> pd.DataFrame:
        if hasattr(given, "to_pandas"):  # of polars or Arrow
            given = given.to_pandas()
        if isinstance(given, Mapping) and all(np.ndim(value) == 0 for value in given.values()):
            given = [given]  # one row
        if not isinstance(given, pd.DataFrame):
            try:
                given = pd.DataFrame(given)
            except (ValueError, TypeError) as error:
                raise ValueError(
                    f"A data frame with the column {self.user!r}, and {self.item!r} where there is "
                    f"more history, is expected, not {type(given).__name__}."
                ) from error
        if self.user not in given:
            raise ValueError(f"The column {self.user!r} is missing.")
        return given


def _texts(rows: pd.DataFrame, name: str) -> list[str | None]:
    try:
        return texts_of(rows[name])
    except TypeError:  # what has no hash
        raise ValueError(f"The column {name!r} must hold single values, not lists.") from None


def _load_pyfunc(path: str) -> RecommenderModel:
    """The model that `final_model_of` has written into the folder `path`."""
    return RecommenderModel(load(Path(path)), History.load(Path(path)))
