"""Members of a finite space that have not been tried yet."""

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers._constraints import parse_constraints
from automl_on_ray.searchers.members import key_of, members


class Exhausted(Exception):  # noqa: N818 - it is no error
    """Every member of the space has been handed out."""


class UnvisitedMembers:
    """The members of a finite space that were not yet handed out; of no use in an infinite one."""

    def __init__(self, space: SearchSpace, done: list[Config]) -> None:
        every = members(space)
        rules = parse_constraints(space)
        self.left: dict[str, Config] | None = None
        if every is not None:
            self.left = {
                key: config
                for key, config in every.items()
                if all(rule.holds(config) for rule in rules)
            }
            if not self.left:
                raise UserError(
                    f"Space {space.name!r}: none of its members meets its constraints: "
                    f"{'; '.join(rule.text for rule in rules)}."
                )
        for config in done:
            self.take(config)

    def take(self, config: Config) -> bool:
        """Whether `config` was still to be had; it is not any longer. Always so if infinite."""
        return self.left is None or self.left.pop(key_of(config), None) is not None

    def put_back(self, config: Config) -> None:
        """It was taken, but not handed out."""
        if self.left is not None:
            self.left[key_of(config)] = config

    def check(self) -> None:
        """Raises Exhausted if nothing is left."""
        if self.left is not None and not self.left:
            raise Exhausted
