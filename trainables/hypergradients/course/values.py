"""The values that a course tunes: their names by key, their bounds, and where they start."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.hypergradients.problem import Tensors
from automl_on_ray.trainables.hypergradients.transforms import Log, Transform
from automl_on_ray.trainables.hypergradients.tuned import Tuned, key_of

DIVIDED_BY = 4  # what is too large, after trouble; 16 if that is too large again, and so on


class Values:
    """`starts` are raw values by name; `names` are those of each key, `transforms` by name."""

    def __init__(
        self, tuned: Iterable[Tuned], starts: Tensors, transforms: Mapping[str, Transform]
    ) -> None:
        """Of start values by name, and transforms by key. UserError for a key without one."""
        keys = [one.key for one in tuned]
        key_by_name = {name: key_of(name, keys) for name in starts}
        self.names = {key: [n for n in starts if key_by_name[n] == key] for key in keys}
        self.transforms = {name: _find(transforms, key) for name, key in key_by_name.items()}
        self.starts = {n: self.transforms[n].raw(one.detach()) for n, one in starts.items()}

    def of(self, tuned: Iterable[Tuned]) -> list[str]:
        """All names of these keys."""
        return [name for one in tuned for name in self.names[one.key]]

    def by_key(self, raw: Tensors) -> dict[str, Tensor]:
        """The values of each key, one after the other."""
        return {
            key: torch.cat([self.transforms[name].value(raw[name]).flatten() for name in names])
            for key, names in self.names.items()
            if names
        }

    def by_number(self, gradient: Tensors, raw: Tensors) -> Tensors:
        """Hypergradients by raw values; those of single numbers by the number, not its logarithm.

        Its logarithm then moves by that: exponentiated gradient (Kivinen and Warmuth 1997,
        doi:10.1006/inco.1996.2612). The implicit one by the logarithm of a decay falls as the decay
        does, and in the tens of outer steps of a training Adam's second moment forgets nothing of
        how large it was. So a decay that begins far too large would fall like 1 / t.
        """
        return {
            name: one / self.transforms[name].value(raw[name])
            if one.numel() == 1 and isinstance(self.transforms[name], Log)
            else one
            for name, one in gradient.items()
        }

    def reduced(self, key: str, raw: Tensors, in_a_row: int) -> Tensors:
        """Raw values of a key, if it is tuned, with the values divided after so many restarts.

        A quarter that is too large as well says that the best is far below. What is a little too
        large to break training damages it, and its gradients say little; what is too small soon
        grows.
        """
        found = {}
        for name in self.names.get(key, ()):
            transform = self.transforms[name]
            found[name] = transform.raw(transform.value(raw[name]) / DIVIDED_BY**in_a_row)
        return found

    def moved(self, starts: Tensors) -> Tensors:
        """By how much these start elsewhere than `starts`, raw; nothing for what starts there."""
        return {
            name: own - starts[name]
            for name, own in self.starts.items()
            if not torch.equal(own, starts[name])
        }


def _find(transforms: Mapping[str, Transform], key: str) -> Transform:
    if key not in transforms:
        raise UserError(
            f"{key!r} cannot be tuned by its gradient: TRANSFORMS has no bounds for it."
        )
    return transforms[key]
