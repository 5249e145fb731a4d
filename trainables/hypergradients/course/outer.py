"""The outer optimiser: moves raw values along their hypergradients, never far at once.

The useful size of a hypergradient differs by orders of magnitude between starts and horizons, and
the learning rate at which a network dies may be three times the best one. So a step is bounded, and
a hypergradient far beyond the usual is clipped (section 3 of Metz et al. 2019, arXiv:1810.10180,
shows how unrolled gradients explode).
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import deepcopy
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from automl_on_ray.trainables._optimisation import SGD, Adam
from automl_on_ray.trainables.hypergradients.problem import Tensors
from automl_on_ray.trainables.hypergradients.transforms import Log, Transform

UP, DOWN = math.log(1.5), math.log(4)  # of raw values, in one step; what has no factors: DOWN both
EXPLODED, CLIPPED = 1e3, 10  # times the median of the last norms: beyond this one, cut to that one
REMEMBERED, FEWEST = 50, 5  # norms; and how many are needed to know what is usual
LBFGS_ITERATIONS = 5


class Outer:
    """Raw values by name, and torch.optim's SGD, Adam or L-BFGS on them.

    `names` has the names of each key: a key's values are clipped and counted together. `rates` are
    those of keys that have one of their own.
    """

    def __init__(
        self,
        raw: Tensors,
        names: Mapping[str, Collection[str]],
        transforms: Mapping[str, Transform],  # by name
        *,
        optimizer: str,
        rate: float,
        rates: Mapping[str, float],
    ) -> None:
        self._names, self._transforms = names, transforms
        self._parameters = {name: nn.Parameter(one.detach().clone()) for name, one in raw.items()}
        self._rate, self.searches = rate, optimizer == "lbfgs"
        groups = [
            {"params": [self._parameters[name] for name in each], "lr": rates.get(key, rate)}
            for key, each in names.items()
        ]
        kind = Adam if optimizer == "adam" else SGD
        self._optimizer = kind(groups or [{"params": []}])  # nothing may be tuned, along a replay
        self._norms: dict[str, list[float]] = {key: [] for key in names}
        self.clipped = self.skipped = 0

    @property
    def raw(self) -> Tensors:
        return {name: one.detach().clone() for name, one in self._parameters.items()}

    @property
    def norms(self) -> dict[str, float]:
        """Of the last finite hypergradient of each key that has had one, before it was clipped."""
        return {key: norms[-1] for key, norms in self._norms.items() if norms}

    def put(self, raw: Tensors) -> None:
        """Set these raw values, to what is nearest within the bounds."""
        with torch.no_grad():
            for name, one in raw.items():
                self._parameters[name].copy_(self._transforms[name].clamped(one))

    def stop(self, names: Iterable[str]) -> None:
        """Drop Adam's momentum of these values, which would carry them back to where they were.

        Where training breaks, the last hypergradients before it are often a hundred times larger.
        """
        for name in names:
            learned = self._optimizer.state.get(self._parameters[name], {})
            if "exp_avg" in learned:
                learned["exp_avg"].zero_()

    def step(self, gradient: Tensors) -> None:
        """One step for the keys whose hypergradient is given; one that is not finite is skipped."""
        before = self.raw
        self._optimizer.zero_grad(set_to_none=True)
        for key, names in self._names.items():
            if not set(names) <= gradient.keys():
                continue
            factor = self._factor(key, {name: gradient[name] for name in names})
            for name in names if factor else ():
                self._parameters[name].grad = gradient[name].detach() * factor
        self._optimizer.step()
        self.put({name: self._near(name, before[name], one) for name, one in self.raw.items()})

    def search(self, evaluate: Callable[[Tensors], tuple[float, Tensors]]) -> None:
        """L-BFGS with a strong Wolfe search, on one function: a loss and its hypergradient.

        It is begun anew for each function, and all of the search is bounded as one step is. Beyond
        the bounds the function is that of the nearest values within.
        """
        before = self.raw
        first = evaluate(before)
        by_key = {key: {n: first[1][n] for n in names} for key, names in self._names.items()}
        if not math.isfinite(first[0]) or not all(map(self._factor, by_key, by_key.values())):
            return
        tried = {name: nn.Parameter(one.clone()) for name, one in before.items()}

        def closure() -> float:
            now = {name: one.detach().clone() for name, one in tried.items()}
            inner = {name: self._near(name, before[name], one) for name, one in now.items()}
            at_start = all(torch.equal(one, before[name]) for name, one in inner.items())
            loss, gradient = first if at_start else evaluate(inner)
            finite = math.isfinite(loss) and math.isfinite(norm(gradient))
            for name, one in tried.items():
                slope = gradient[name].where(inner[name] == now[name], 0.0)
                # Where there is no number, the search goes half of the way back.
                one.grad = slope if finite else torch.full_like(one, math.nan)
            return loss if finite else math.inf

        torch.optim.LBFGS(
            tried.values(), lr=self._rate, max_iter=LBFGS_ITERATIONS, line_search_fn="strong_wolfe"
        ).step(closure)
        found = {name: one.detach() for name, one in tried.items()}
        self.put({name: self._near(name, before[name], one) for name, one in found.items()})

    def state(self) -> dict[str, Any]:
        """Tensors, numbers, text, lists and dicts of them."""
        return {
            "raw": self.raw,
            "optimizer": deepcopy(self._optimizer.state_dict()),
            "norms": {key: list(norms) for key, norms in self._norms.items()},
            "clipped": self.clipped,
            "skipped": self.skipped,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from it; the outer rate stays this one's own."""
        with torch.no_grad():
            for name, one in state["raw"].items():
                self._parameters[name].copy_(one)
        groups = self._optimizer.state_dict()["param_groups"]
        learned = deepcopy(state["optimizer"]["state"])
        self._optimizer.load_state_dict({"state": learned, "param_groups": groups})
        self._norms = {key: list(norms) for key, norms in state["norms"].items()}
        self.clipped, self.skipped = state["clipped"], state["skipped"]

    def _near(self, name: str, before: Tensor, after: Tensor) -> Tensor:
        """What one step may come to, on the way to `after`, within the bounds of the value."""
        transform = self._transforms[name]
        up = UP if isinstance(transform, Log) else DOWN
        return transform.clamped(after.clamp(before - DOWN, before + up))

    def _factor(self, key: str, gradient: Tensors) -> float:
        """To clip it by: 1 for what is usual, 0 for what is not finite."""
        size = norm(gradient)
        if not math.isfinite(size):
            self.skipped += 1
            return 0.0
        norms = self._norms[key]
        usual = median(norms) if len(norms) >= FEWEST else 0.0
        self._norms[key] = [*norms, size][-REMEMBERED:]
        if not 0 < EXPLODED * usual < size:
            return 1.0
        self.clipped += 1
        return CLIPPED * usual / size


def norm(tensors: Tensors) -> float:
    """Of all tensors together, in float64: finite for any finite float32. 0 for none."""
    if not tensors:
        return 0.0
    return float(torch.stack([one.detach().double().norm() for one in tensors.values()]).norm())
