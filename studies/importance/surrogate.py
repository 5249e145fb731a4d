"""A model of what configs are worth, judged by trials that it has not seen."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.model_selection import KFold, cross_val_predict

from automl_on_ray.search_spaces import Config
from automl_on_ray.studies.importance.parameters import Parameter, encoded, word_of

LEAST = 10  # trials
FOLDS = 5
MOST_ROWS, MOST_COLUMNS = 100, 40  # of a Gaussian process, whose fit takes seconds with more
STEPS = 20  # of that fit
EVALUATIONS = 50_000  # of the model, for indices


class Surrogate:
    """A Gaussian process or a random forest, whichever foretells the better.

    `fit` is the share of the values' variance that it foretells of trials left out (R², five
    folds): 1 is all of it, 0 or less is no better than the mean. The `values` must differ.
    """

    def __init__(
        self, parameters: Sequence[Parameter], configs: Sequence[Config], values: Sequence[float]
    ) -> None:
        self.parameters = list(parameters)
        self._conditions = conditions_of(parameters, configs)
        every = -(-len(values) // MOST_ROWS)
        codes, known = encoded(self.parameters, configs), np.array(values, dtype=float)
        size = np.abs(
            known
        ).max()  # diverged losses may be so large that their squares are infinite
        mean, scale = (known / size).mean(), (known / size).std()
        known = (known / size - mean) / scale
        self._mean, self._scale = mean * size, scale * size
        tried = [_judged(_forest(), codes, known)]
        if codes.shape[1] <= MOST_COLUMNS:
            part = slice(None, None, every)
            tried.append(_judged(_process(codes.shape[1]), codes[part], known[part]))
        self.fit, self._model = max(tried, key=lambda one: one[0])

    def predict(self, configs: Sequence[Config]) -> np.ndarray:
        """(N,) values of N configs."""
        codes = encoded(self.parameters, configs)
        return self._mean + self._scale * self._model.predict(codes)

    def spread(self, configs: Sequence[Config]) -> np.ndarray:
        """(N,) standard deviations of what is predicted: of the process, or over the trees."""
        codes = encoded(self.parameters, configs)
        if isinstance(self._model, RandomForestRegressor):
            return self._scale * np.std([t.predict(codes) for t in self._model.estimators_], axis=0)
        return self._scale * self._model.predict(codes, return_std=True)[1]

    def shares(self) -> dict[str, float]:
        """Each parameter's part of the variance over the space: total Sobol' indices, summing to 1.

        Saltelli, Annoni, Azzini, Campolongo, Ratto, Tarantola (2010), by scipy. With parameters
        that add up, it is the variance that each brings; what two bring together counts for both.
        """
        from scipy.stats import sobol_indices, uniform  # half a second to import

        count = len(self.parameters)
        if count == 1:  # of which scipy knows no indices
            return {self.parameters[0].name: 1.0}
        samples = 2 ** max(6, int(np.log2(EVALUATIONS / (count + 2))))
        found = sobol_indices(
            func=self._at_units,
            n=min(samples, 1024),
            dists=[uniform()] * count,
            rng=np.random.default_rng(0),
        ).total_order
        found = np.clip(np.nan_to_num(np.reshape(found, count)), 0, None)
        total = found.sum() or 1.0
        order = np.argsort(-found)
        return {self.parameters[i].name: float(found[i] / total) for i in order}

    def _at_units(self, units: np.ndarray) -> np.ndarray:
        """(1, N) values, in a unit of their own, at (d, N) places in the unit cube.

        A row is a parameter.
        Where a parameter does not apply, it is as in trials that do not have it.
        """
        parts = {
            parameter.name: np.eye(len(parameter.words))[_indices(row, len(parameter.words))]
            if parameter.words else row[:, None].copy()
            for parameter, row in zip(self.parameters, units, strict=True)
        }  # fmt: skip
        for parameter in self.parameters:
            if parameter.name in self._conditions:
                parent, words = self._conditions[parameter.name]
                without = parts[parent][:, words].sum(axis=1) == 0
                parts[parameter.name][without] = parameter.codes(None)
        return np.asarray(self._model.predict(np.concatenate(list(parts.values()), axis=1)))[None]


def conditions_of(
    parameters: Sequence[Parameter], configs: Sequence[Config]
) -> dict[str, tuple[str, list[int]]]:
    """By parameter that some configs lack: on which one that depends, and on which of its words.

    As the configs themselves tell; nothing of one that they lack for no such reason.
    """
    found = {}
    for parameter in parameters:
        there = [config.get(parameter.name) is not None for config in configs]
        for parent in parameters if not all(there) else ():
            words = [word_of(config.get(parent.name)) for config in configs]
            having = {word for word, has in zip(words, there, strict=True) if has}
            lacking = {word for word, has in zip(words, there, strict=True) if not has}
            if parent.words and parent is not parameter and not having & lacking:
                found[parameter.name] = (
                    parent.name, [n for n, word in enumerate(parent.words) if word in having]
                )  # fmt: skip
                break
    return found


def _indices(row: np.ndarray, count: int) -> np.ndarray:
    return np.minimum((row * count).astype(int), count - 1)


def _judged(model: Any, codes: np.ndarray, known: np.ndarray) -> tuple[float, Any]:
    """Its fit, and the model trained on all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of length scales at their bounds: what does not matter
        folds = KFold(FOLDS, shuffle=True, random_state=0)
        told = cross_val_predict(clone(model), codes, known, cv=folds)
        fit = 1 - float(np.sum((known - told) ** 2)) / float(np.sum((known - known.mean()) ** 2))
        return fit, clone(model).fit(codes, known)


def _forest() -> RandomForestRegressor:
    return RandomForestRegressor(60, min_samples_leaf=2, max_features=0.7, random_state=0)


def _process(columns: int) -> GaussianProcessRegressor:
    scales = Matern(np.full(columns, 1.0), (0.05, 100.0), nu=2.5)
    kernel = ConstantKernel(1.0, (0.05, 100.0)) * scales + WhiteKernel(0.05, (1e-5, 1.0))
    return GaussianProcessRegressor(kernel, optimizer=_in_few_steps, random_state=0)


def _in_few_steps(
    loss: Callable[..., Any], start: np.ndarray, bounds: np.ndarray
) -> tuple[np.ndarray, float]:
    """As scikit-learn's own, which goes on until nothing changes."""
    from scipy.optimize import minimize

    found = minimize(
        loss, start, method="L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": STEPS}
    )
    return found.x, found.fun
