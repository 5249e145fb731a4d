"""Ridge regression to classes, whose penalty and certainty are found by leave-one-out.

In closed form (Golub, Heath and Wahba 1979), so no series is held out for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PENALTIES = tuple(np.logspace(-3, 3, 10).tolist())  # as ROCKET's authors have them
TEMPERATURES = np.logspace(-1, 1, 41)


@dataclass(frozen=True)
class Ridge:
    """`weights` (columns, classes) of columns brought to mean 0 and deviation 1.

    Scores are near 1 for a series' class and near -1 for others; divided by `temperature`, their
    softmax is the probability. It is as sure as `rows` series allow (Laplace's rule).
    """

    mean: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray
    temperature: float
    rows: int

    @classmethod
    def fit(
        cls, x: np.ndarray, labels: np.ndarray, classes: int, penalties: Sequence[float]
    ) -> "Ridge":
        """`x` (n, columns), `labels` (n,): that of `penalties` with the least squared error."""
        x = np.asarray(x, np.float64)
        mean, deviation = x.mean(axis=0), x.std(axis=0)
        deviation = np.where(deviation > 1e-12, deviation, 1.0)
        x = (x - mean) / deviation
        targets = np.where(labels[:, None] == np.arange(classes), 1.0, -1.0)
        intercept = targets.mean(axis=0)
        left, squares = _left(x)
        along = left.T @ (targets - intercept)
        fits = [_left_out(left, squares, along, targets, intercept, each) for each in penalties]
        chosen = int(np.argmin([np.mean((fit - targets) ** 2) for fit in fits]))
        # V s / (s^2 + a) U'y, with V = X'U / s
        weights = x.T @ (left @ (along / (squares + penalties[chosen])[:, None]))
        temperature = _temperature(fits[chosen], labels)
        return cls(mean, deviation, weights, intercept, temperature, len(x))

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(n, classes) probabilities."""
        scores = (x - self.mean) / self.deviation @ self.weights + self.intercept
        found = _softmax(scores / self.temperature)
        return (self.rows * found + 1 / found.shape[1]) / (self.rows + 1)


def _left(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left singular vectors (n, rank) and squared singular values, by the smaller Gram matrix."""
    if len(x) <= x.shape[1]:
        squares, vectors = np.linalg.eigh(x @ x.T)
    else:
        squares, vectors = np.linalg.eigh(x.T @ x)
    kept = squares > max(squares[-1], 0.0) * 1e-10
    squares, vectors = squares[kept], vectors[:, kept]
    if len(x) > x.shape[1]:
        vectors = x @ vectors / np.sqrt(squares)
    return vectors, squares


def _left_out(
    left: np.ndarray, squares: np.ndarray, along: np.ndarray, targets: np.ndarray,
    intercept: np.ndarray, penalty: float,
) -> np.ndarray:  # fmt: skip
    """(n, classes): what each row is told by a ridge that was fitted to all others."""
    shrunk = squares / (squares + penalty)
    fitted = left @ (shrunk[:, None] * along) + intercept
    own = np.minimum((left**2) @ shrunk + 1 / len(left), 1 - 1e-9)
    told: np.ndarray = targets - (targets - fitted) / (1 - own)[:, None]
    return told


def _temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """With the least log loss."""
    rows = np.arange(len(labels))
    losses = [
        -np.log(np.maximum(_softmax(scores / each)[rows, labels], 1e-15)).mean()
        for each in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: np.ndarray = raised / raised.sum(axis=1, keepdims=True)
    return shares
