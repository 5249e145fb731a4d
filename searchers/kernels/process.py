"""A Gaussian process (Rasmussen and Williams 2006) with few parameters, fitted on a grid."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg, special

SCALES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # as parts of the median distance
NOISES = (0.01, 0.03, 0.1, 0.3)
JITTER = 1e-6  # members may be alike
LEAST_VARIANCE = 1e-6  # of values that may all be equal


@dataclass(frozen=True)
class Kernel:
    """exp(-half the sum of each part's squared distance by its scale): a product of kernels.

    `noise` is the variance of a result's noise as a part of the kernel's.
    """

    scales: tuple[float, ...]
    noise: float = 0.1

    def __call__(self, distances: np.ndarray) -> np.ndarray:
        """Squared distances (parts, n, m) -> correlations (n, m)."""
        weights = -0.5 / np.array(self.scales)
        found: np.ndarray = np.exp(np.tensordot(weights, distances, 1))
        return found


class Posterior:
    """What n results say of other members. Mean 0, the variance by maximum likelihood.

    `distances` (parts, n, n) are those between the results, `values` (n,) their values.
    """

    def __init__(self, kernel: Kernel, distances: np.ndarray, values: np.ndarray) -> None:
        count = len(values)
        self._kernel = kernel
        noisy = kernel(distances) + kernel.noise * np.eye(count)
        self._factor = linalg.cholesky(noisy, lower=True, check_finite=False)
        self._weights = linalg.cho_solve((self._factor, True), values, check_finite=False)
        self._variance = max(float(values @ self._weights) / count, LEAST_VARIANCE)

    def mean(self, across: np.ndarray) -> np.ndarray:
        """Of m members, by their distances (parts, n, m) from the results."""
        found: np.ndarray = self._kernel(across).T @ self._weights
        return found

    def deviation(self, across: np.ndarray) -> np.ndarray:
        """Standard deviations (m,), of the members and not of their noisy results."""
        solved = self._solved(across)
        left = np.maximum(1.0 - (solved**2).sum(0), 1e-12)
        found: np.ndarray = np.sqrt(self._variance * left)
        return found

    def draw(
        self, across: np.ndarray, among: np.ndarray, generator: np.random.Generator
    ) -> np.ndarray:
        """One function's values (m,); `among` (parts, m, m) are the distances between members."""
        solved = self._solved(across)
        count = among.shape[-1]
        covariance = self._kernel(among) - solved.T @ solved + JITTER * np.eye(count)
        root = linalg.cholesky(covariance, lower=True, check_finite=False)
        spread = root @ generator.standard_normal(count)
        found: np.ndarray = self.mean(across) + math.sqrt(self._variance) * spread
        return found

    def _solved(self, across: np.ndarray) -> np.ndarray:
        found: np.ndarray = linalg.solve_triangular(
            self._factor, self._kernel(across), lower=True, check_finite=False
        )
        return found


def fitted(kernel: Kernel | None, distances: np.ndarray, values: np.ndarray) -> Kernel:
    """The likeliest kernel on a grid; one scale at a time, the others as `kernel` has them.

    With scales far below the distances, all results would be unrelated noise. Few results are often
    explained by that best, and nothing would ever be learned: so there are none on the grid.
    """
    usual = [float(np.median(part[part > 0])) if (part > 0).any() else 1.0 for part in distances]
    kernel = kernel or Kernel(tuple(usual))
    for part, median in enumerate(usual):
        tried = [
            replace(kernel, scales=(*kernel.scales[:part], s * median, *kernel.scales[part + 1 :]))
            for s in SCALES
        ]
        kernel = max(
            (_likeliest_noise(one, distances, values) for one in tried), key=lambda one: one[0]
        )[1]
    return kernel


def _likeliest_noise(
    kernel: Kernel, distances: np.ndarray, values: np.ndarray
) -> tuple[float, Kernel]:
    """The log likelihood but for constants, from one eigendecomposition for all noises."""
    eigenvalues, vectors = linalg.eigh(kernel(distances), check_finite=False)
    squares = (vectors.T @ values) ** 2
    found = []
    for noise in NOISES:
        noisy = np.maximum(eigenvalues, 0) + noise
        variance = max((squares / noisy).mean(), LEAST_VARIANCE)
        likely = -0.5 * (len(values) * math.log(variance) + np.log(noisy).sum())
        found.append((likely, replace(kernel, noise=noise)))
    return max(found, key=lambda one: one[0])


def expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    """By how much a value is above `best`, in the mean (Jones et al. 1998)."""
    above = (mean - best) / deviation
    density = np.exp(-0.5 * above**2) / math.sqrt(2 * math.pi)
    found: np.ndarray = (mean - best) * special.ndtr(above) + deviation * density
    return found
