"""What a registered model remembers: its items and users by their ids, and who had what.

It is stored with each model, so it imports nothing of this project.
"""

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

FILE = "history.npz"


@dataclass(frozen=True)
class History:
    """Events by `users` and `items`, codes (n,), of users and items with ids of text.

    `columns` are the names of the user's and the item's column. `values` are ratings (n,), or
    empty where there are none.
    """

    columns: np.ndarray
    user_ids: np.ndarray
    item_ids: np.ndarray
    users: np.ndarray
    items: np.ndarray
    values: np.ndarray

    def save(self, folder: Path) -> None:
        np.savez_compressed(folder / FILE, **asdict(self))

    @classmethod
    def load(cls, folder: Path) -> "History":
        with np.load(folder / FILE, allow_pickle=False) as stored:
            return cls(**{field.name: stored[field.name] for field in fields(cls)})

    @cached_property
    def popularity(self) -> np.ndarray:
        """(items,) float32: the share of users who had each."""
        counts = np.bincount(self.items, minlength=len(self.item_ids))
        return (counts / max(1, len(self.user_ids))).astype("float32")

    def item_code(self, item: str) -> int | None:
        return self._item_codes.get(item)

    @cached_property
    def usual(self) -> float:
        """The mean rating: what an event without one counts as."""
        return float(self.values.mean()) if len(self.values) else 1.0

    def had_by(self, user: str) -> dict[int, float]:
        """Items in their order, each with its rating; none of a user who is not known."""
        code = self._user_codes.get(user)
        if code is None:
            return {}
        users, items, values = self._sorted
        own = slice(*np.searchsorted(users, [code, code + 1]))
        return dict(zip(items[own].tolist(), values[own].tolist(), strict=True))

    @cached_property
    def _item_codes(self) -> dict[str, int]:
        return {item: code for code, item in enumerate(self.item_ids.tolist())}

    @cached_property
    def _user_codes(self) -> dict[str, int]:
        return {user: code for code, user in enumerate(self.user_ids.tolist())}

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        order = np.argsort(self.users, kind="stable")
        values = self.values if len(self.values) else np.full(len(order), self.usual)
        return self.users[order], self.items[order], values[order]
