"""The preparation that a config asks for, as a scikit-learn pipeline of what is in this folder."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    StandardScaler,
    TargetEncoder,
)

from automl_on_ray.trainables.tables.preparation.columns import Columns
from automl_on_ray.trainables.tables.preparation.encoding import Encoded, Hinges, Near
from automl_on_ray.trainables.tables.preparation.generation import GroupMeans, Pairs
from automl_on_ray.trainables.tables.preparation.selection import Selection

MOST_COLUMNS = 128  # of one category
MOST_CODES = 254  # of one category: scikit-learn's boosting takes no more
QUANTILES = 1000
# Of quantiles, the ends are far out: a number that is 0 or 1 would be at -5 or 5.
MOST_DEVIATIONS = {"standard": 10.0, "quantile": 3.0}
FOLDS = 5  # of target encoding
TARGETS = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}


def create_preparation(
    config: Mapping[str, Any],
    *,
    task: str,
    answers: np.ndarray,
    groups: np.ndarray | None = None,
    seed: int,
) -> Pipeline:
    """Raw columns of a frame -> a frame of float64. `answers` are those that it will be fitted to.

    So are `groups`, which its fit then takes as `encoded__groups`: rows are encoded by the target
    of other groups.

    What a config of the space `tables` leaves out, for it does not apply, is not done.
    """
    by_answers: dict[str, Any] = {"regression": task == "regression", "seed": seed}
    generation = config["generation"]
    steps: list[tuple[str, Any]] = [("columns", Columns())]
    if generation in ("pairs", "both"):
        steps.append(("pairs", Pairs(**by_answers)))
    if generation in ("group_means", "both"):
        steps.append(("group_means", GroupMeans(**by_answers)))
    encoding = _encoding_of(config)
    folds = _folds(task, answers, groups, seed)
    categories = _categories(config, encoding, task=task, folds=folds)
    numbers = _numbers(config, len(answers), seed)
    by_group = encoding == "target" and isinstance(folds, GroupKFold)
    encoded = Encoded(numbers, categories, native=encoding == "native", by_group=by_group)
    steps.append(("encoded", encoded))
    if config["selection"] != "none":
        chosen = Selection(config["selection"], config["selected_share"], **by_answers)
        steps.append(("selection", chosen))
    return Pipeline(steps)


def _encoding_of(config: Mapping[str, Any]) -> str:
    """Each kind of model has a choice of its own."""
    keys = ("encoding", "forest_encoding", "boosted_encoding")
    return str(next(config[key] for key in keys if key in config))


def _numbers(config: Mapping[str, Any], rows: int, seed: int) -> Any:
    steps: list[Any] = []
    if "imputation" in config:
        steps.append(SimpleImputer(strategy=config["imputation"], keep_empty_features=True))
    if config.get("scaling") == "standard":
        steps += [StandardScaler(), Near(MOST_DEVIATIONS["standard"])]
    elif config.get("scaling") == "quantile":
        quantiles = QuantileTransformer(
            n_quantiles=min(QUANTILES, rows), output_distribution="normal", random_state=seed
        )
        steps += [quantiles, Near(MOST_DEVIATIONS["quantile"])]
    if config.get("linear_knots"):
        steps.append(Hinges(config["linear_knots"]))
    if not config.get("missing_indicators"):
        return make_pipeline(*steps or [FunctionTransformer(feature_names_out="one-to-one")])
    indicator = MissingIndicator(error_on_new=False)
    parts = [("numbers", make_pipeline(*steps)), ("missing", indicator)]
    return FeatureUnion(parts, verbose_feature_names_out=False)


def _folds(task: str, answers: np.ndarray, groups: np.ndarray | None, seed: int) -> Any:
    """Of target encoding: scikit-learn's splitter; by group, if there are several."""
    count = len(answers) if task == "regression" else np.bincount(answers).max()
    kind = KFold if task == "regression" else StratifiedKFold
    if groups is not None and (several := len(np.unique(groups))) > 1:
        count, kind = several, GroupKFold
    return kind(int(max(2, min(FOLDS, count))), shuffle=True, random_state=seed)


def _categories(config: Mapping[str, Any], encoding: str, *, task: str, folds: Any) -> Any:
    rare = config["rare_rows"] if config["rare_rows"] > 1 else None
    if encoding == "one_hot":
        return OneHotEncoder(
            min_frequency=rare, max_categories=MOST_COLUMNS, sparse_output=False,
            handle_unknown="infrequent_if_exist",
        )  # fmt: skip
    if encoding == "target":
        encoder = TargetEncoder(target_type=TARGETS[task], cv=folds)
        return make_pipeline(encoder, StandardScaler()) if "scaling" in config else encoder
    other = np.nan if encoding == "native" else -1
    return OrdinalEncoder(
        min_frequency=rare, max_categories=MOST_CODES, handle_unknown="use_encoded_value",
        unknown_value=other, encoded_missing_value=other,
    )  # fmt: skip
