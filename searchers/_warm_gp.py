"""A Gaussian process whose fit goes on from the last: the fit is what a suggestion costs most."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botorch.fit import _fit_fallback
from botorch.models import SingleTaskGP
from botorch.optim.fit import fit_gpytorch_mll_scipy
from linear_operator.utils.errors import NanError, NotPSDError
from torch import Tensor

COLD_BELOW = 64  # observations: with so few a fit is cheap, and the next may look quite different
COLD_EVERY = 8  # fits: a warm one cannot leave the basin that it began in
WARM = {"maxiter": 40, "ftol": 1e-6}  # L-BFGS's options; a cold fit has BoTorch's own


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
        warm = (
            len(self.train_targets) >= COLD_BELOW
            and last.fits % COLD_EVERY != 0
            and {n: p.shape for n, p in kept.items()} == {n: p.shape for n, p in start.items()}
        )
        if not (warm and self._goes_on(kept, mll)):
            self.load_state_dict({**self.state_dict(), **start})
            _fit_fallback(mll)
        last.hyperparameters[place] = {
            name: p.detach().clone() for name, p in self.named_parameters() if p.requires_grad
        }
        return mll.eval()

    def _goes_on(self, start: dict[str, Tensor], mll: Any) -> bool:
        """Fit from `start`, if that can be done."""
        self.load_state_dict({**self.state_dict(), **start})
        # BoTorch's own L-BFGS, for several outputs, takes one tolerance or the other.
        factr = {"factr": None} if self.num_outputs > 1 else {}
        mll.train()
        try:
            fit_gpytorch_mll_scipy(mll, options={**WARM, **factr})
        except (NotPSDError, NanError):
            return False
        return True
