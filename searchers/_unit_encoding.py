"""A space in Ax's terms whose real parameters are parts of their ranges, from 0 to 1.

Ax refuses short ranges, and a trust region cuts a range short: a tenth of 0 to 1e-4, or of a log
scale's lower end.
"""

import math
from collections.abc import Mapping
from typing import Any

from automl_on_ray.search_spaces._space import Config, SearchSpace
from automl_on_ray.searchers._ax_encoding import Encoding


class UnitEncoding:
    """As `Encoding`; a real parameter's code is its place on its own scale, linear or log."""

    def __init__(self, space: SearchSpace) -> None:
        self._encoding = Encoding(space)
        self._scales = {
            keywords["name"]: (*keywords["bounds"], keywords["scaling"] == "log")
            for keywords in self._encoding.parameters()
            if keywords["parameter_type"] == "float"
        }

    def parameters(self) -> list[dict[str, Any]]:
        """Keywords of Ax's RangeParameterConfig, or, with `values`, ChoiceParameterConfig."""
        unit = {"bounds": (0.0, 1.0), "scaling": "linear"}
        return [
            {**keywords, **(unit if keywords["name"] in self._scales else {})}
            for keywords in self._encoding.parameters()
        ]

    def names(self) -> dict[str, str]:
        """Ax's names by the space's keys."""
        return self._encoding.names()

    def encode(self, config: Config) -> dict[str, int | float]:
        codes = self._encoding.encode(config)
        return {n: self._part(n, c) if n in self._scales else c for n, c in codes.items()}

    def decode(self, codes: Mapping[str, Any]) -> Config:
        """The config, without constants and inactive parameters."""
        return self._encoding.decode(
            {n: self._whole(n, c) if n in self._scales else c for n, c in codes.items()}
        )

    def _part(self, name: str, value: float) -> float:
        lower, upper, log = self._scales[name]
        if log:
            value, lower, upper = (math.log(number) for number in (value, lower, upper))
        return min(max((value - lower) / (upper - lower), 0.0), 1.0)  # not beyond by a rounding

    def _whole(self, name: str, part: float) -> float:
        lower, upper, log = self._scales[name]
        return lower * (upper / lower) ** part if log else lower + part * (upper - lower)
