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

    `columns` are the names of the user's and the item's column.
    """

    columns: np.ndarray
    user_ids: np.ndarray
    item_ids: np.ndarray
    users: np.ndarray
    items: np.ndarray

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

    def items_of(self, user: str) -> list[int]:
        """In their order; none of a user who is not known."""
        code = self._user_codes.get(user)
        if code is None:
            return []
        start, end = np.searchsorted(self._sorted[0], [code, code + 1])
        own: list[int] = self._sorted[1][start:end].tolist()
        return own

    @cached_property
    def _item_codes(self) -> dict[str, int]:
        return {item: code for code, item in enumerate(self.item_ids.tolist())}

    @cached_property
    def _user_codes(self) -> dict[str, int]:
        return {user: code for code, user in enumerate(self.user_ids.tolist())}

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self.users, kind="stable")
        return self.users[order], self.items[order]
