"""A Gaussian process whose fit starts from the last, as fitting costs most of a suggestion."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botorch.models import SingleTaskGP
from botorch.optim.fit import fit_gpytorch_mll_scipy
from linear_operator.utils.errors import NanError, NotPSDError
from torch import Tensor

from automl_on_ray.searchers.ax.internals import fit_as_botorch_does

MIN_OBSERVATIONS = 64  # with fewer a fit is cheap, and the next may look quite different
COLD_EVERY = 8  # fits: a warm one cannot leave the basin that it began in
MAX_ITERATIONS = {True: 40, False: 200}  # L-BFGS's, warm or cold


@dataclass
class LastFit:
    """Hyperparameters of the last fit, by the model's place among a study's outcomes."""

    hyperparameters: dict[int, dict[str, Tensor]] = field(default_factory=dict)
    fits: int = 0
    place: int = 0


_current: LastFit | None = None


@contextmanager
def going_on_from(last: LastFit) -> Iterator[None]:
    """Fits inside start from `last` and are kept in it."""
    global _current
    last.place = 0
    last.fits += 1
    _current = last
    try:
        yield
    finally:
        _current = None


class WarmGP(SingleTaskGP):
    """BoTorch's SingleTaskGP, maximising the same likelihood, from another start.

    `custom_fit` is where `botorch.fit.fit_gpytorch_mll` lets a model do so.
    """

    def custom_fit(self, mll: Any, **_: Any) -> Any:
        last = _current if _current is not None else LastFit(fits=1)
        place, last.place = last.place, last.place + 1
        start = {n: p.detach().clone() for n, p in self.named_parameters() if p.requires_grad}
        kept = last.hyperparameters.get(place, {})
        warm = last.fits % COLD_EVERY != 0 and {n: p.shape for n, p in kept.items()} == {
            n: p.shape for n, p in start.items()
        }
        few = self.train_targets.shape[-1] < MIN_OBSERVATIONS
        attempts = [] if few else [kept, start] if warm else [start]
        if not any(self._lean_fit(begin, mll, MAX_ITERATIONS[begin is kept]) for begin in attempts):
            self.load_state_dict({**self.state_dict(), **start})
            fit_as_botorch_does(mll)
        last.hyperparameters[place] = {
            name: p.detach().clone() for name, p in self.named_parameters() if p.requires_grad
        }
        return mll.eval()

    def _lean_fit(self, start: dict[str, Tensor], mll: Any, iterations: int) -> bool:
        """Fit from `start`; whether that could be done."""
        self.load_state_dict({**self.state_dict(), **start})
        # BoTorch's own L-BFGS, for several outputs, takes one tolerance or the other.
        several = {"factr": None} if self.num_outputs > 1 else {}
        options = {"maxiter": iterations, "ftol": 1e-6, **several}
        mll.train()
        try:
            fit_gpytorch_mll_scipy(mll, options=options)
        except (NotPSDError, NanError):
            return False
        return True
