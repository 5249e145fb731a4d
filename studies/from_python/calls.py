"""What Python programs call: `tune`, `automl`, `forecast` and others, and `study`."""

from collections.abc import Mapping
from dataclasses import fields
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import joblib
import numpy as np

from automl_on_ray.command_line import architecture_options, python_call
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Between, UserError, give, near_miss, parse_objectives
from automl_on_ray.studies.architecture import NasSettings, search_architectures
from automl_on_ray.studies.from_python.result import Result
from automl_on_ray.studies.hpo import HpoSettings, tune_hyperparameters
from automl_on_ray.studies.inputs import find_space, study_name
from automl_on_ray.studies.results import read_study
from automl_on_ray.studies.settings import StudySettings
from automl_on_ray.trainables.users_own import CrossValidated

MAX_REPORTS = 100  # of a trial, where neither the caller nor the function says how many

Settings = TypeVar("Settings", bound=StudySettings)


def tune(
    train: Any = None,
    space: SearchSpace | Mapping[str, Any] | str | None = None,
    *,
    objective: str = "accuracy",
    trials: int = 16,
    data: tuple[Any, Any] | None = None,
    test: tuple[Any, Any] | None = None,
    folds: Any = 5,
    **options: Any,
) -> Result:
    """Search `space` for the config with which `train` does best, and return what was found.

    `train` is a function of a config that calls `ray.tune.report(metrics, checkpoint=...)` or
    returns its metrics, a class derived from `ray.tune.Trainable`, or a scikit-learn estimator.
    Without one, it is the image classifier, for any `dataset`. `space` is a dict of Ray Tune's
    domains, nested or not, a `SearchSpace`, or the name of one. `objective` is a metric to
    maximise; "-loss" minimises; several are parted by commas. `options` are those of
    `workflows/hpo.py`, such as `scheduler="asha"`, `minutes=10`, `name="mine"`.

    An estimator needs `data`, its rows and targets: (n, ...) and (n,). It is cross-validated in so
    many `folds` (or by a splitter of scikit-learn's), one at a time. The best is fitted to all rows
    in the end. `test` has the rows that this one is scored with, as `test_NAME`.

    With the same `name` a study that was stopped goes on. A trial ends when its function does, and
    after `epochs` reports at the latest (100, unless given). Raises UserError for what the caller
    can mend, before anything is started, and KeyboardInterrupt if the user stops it. Failed trials
    raise nothing: the result names them.
    """
    given: dict[str, Any] = {"objective": objective, "trials": trials}
    if data is None and (test is not None or folds != 5):
        raise UserError("test and folds are for an estimator of scikit-learn, with data.")
    if space is not None:
        given["space"] = _path_of_space(space)
    elif train is not None or data is not None:
        raise UserError('Say what may vary: space={"lr": ray.tune.loguniform(1e-4, 1e-1)}.')
    if data is not None:
        estimation = _estimation(train, data, test, folds, objective)
        estimation.check(_any_config(given["space"]))
        path = give(estimation, _name_with_data(estimation))
        given |= {"trainable": path, "epochs": estimation.count, "final_seeds": 1}
    elif train is not None:
        given |= {"trainable": _path_of(train), "epochs": MAX_REPORTS}
    asked = _settings(HpoSettings, {**given, **options})
    with python_call():
        tune_hyperparameters(asked)
    return Result(read_study(_name_of(asked), asked.storage), find_space(asked.space))


def automl(data: Any, target: str, **options: Any) -> Result:
    """Search a pipeline that predicts the column `target` of a table, and return what was found.

    `data` is a pandas or polars frame, or the path of a file as `workflows/automl.py` takes it.
    `options` are those of that command, such as `time="date"`, `minutes=10`, `name="mine"`. The
    result's `model()` predicts for a frame with the same columns; its `final` has the metrics of
    the test part. Raises as `tune` does.
    """
    # Seconds, of scikit-learn, which who tunes something else need not wait for.
    from automl_on_ray.studies.tables import AutomlSettings, search_pipelines
    from automl_on_ray.trainables.tables import give_table

    path = str(data) if isinstance(data, str | Path) else give_table(data)
    asked = _settings(AutomlSettings, {"dataset": path, "target": target, **options})
    with python_call():
        search_pipelines(asked)
    return Result(read_study(_name_of(asked), asked.storage), find_space(asked.space))


def forecast(data: Any, **options: Any) -> Result:
    """Search a model that forecasts the series of a long table, and return what was found.

    `data` is a pandas or polars frame with a row for each series and time, the path of such a file,
    or a collection's name, as `workflows/forecast.py` takes it. `options` are those of that
    command, such as `time="date"`, `target="units"`, `series=["store", "item"]`, `horizon=28`,
    `minutes=10`. The result's `model()` forecasts for a frame with the same columns; its `final`
    has the metrics of the test part. Raises as `tune` does.
    """
    from automl_on_ray.studies.forecasting import ForecastSettings, search_forecasts
    from automl_on_ray.trainables.forecasting import give_frame

    path = str(data) if isinstance(data, str | Path) else give_frame(data)
    names = {key: ",".join(value) for key, value in options.items()
             if isinstance(value, list | tuple) and key in ("series", "known_ahead", "known_past")
             and all(isinstance(one, str) for one in value)}  # fmt: skip
    asked = _settings(ForecastSettings, {"dataset": path, **options, **names})
    with python_call():
        search_forecasts(asked)
    return Result(read_study(_name_of(asked), asked.storage), find_space(asked.space))


def recommend(data: Any, **options: Any) -> Result:
    """Search a recommender for events of users and items, and return what was found.

    `data` is a pandas or polars frame with a row an event, the path of such a file, or
    "movielens-100k", as `workflows/recommend.py` takes it. `options` are those of that command,
    such as `user="who"`, `item="what"`, `time="when"`, `minutes=10`, `name="mine"`. The result's
    `model()` recommends items to the users of a frame; its `final` has the metrics of the test
    part. Raises as `tune` does.
    """
    from automl_on_ray.studies.recommendation import RecommendSettings, search_recommenders
    from automl_on_ray.trainables.recommendation import give_events

    path = str(data) if isinstance(data, str | Path) else give_events(data)
    asked = _settings(RecommendSettings, {"dataset": path, **options})
    with python_call():
        search_recommenders(asked)
    return Result(read_study(_name_of(asked), asked.storage), find_space(asked.space))


def classify_series(data: Any, **options: Any) -> Result:
    """Search a classifier of time series, and return what was found.

    `data` is a pair of arrays x (n, channels, length) and y (n,); x may be a list of series of
    unlike lengths. Or it is a pandas or polars frame, long or wide, the path of a file, or the name
    of a set, as `workflows/classify_series.py` takes it. `options` are those of that command, such
    as `label="gesture"`, `minutes=10`, `name="mine"`; `test_data` may be what `data` may. The
    result's `model()` takes arrays; its `final` has the metrics of the test part. Raises as `tune`
    does.
    """
    from automl_on_ray.studies.series_classes import SeriesSettings, search_classifiers
    from automl_on_ray.trainables.series_classes import give_series

    def path_of(one: Any) -> str:
        return str(one) if isinstance(one, str | Path) else give_series(one)

    given = {"dataset": path_of(data), **options}
    if options.get("test_data") is not None:
        given["test_data"] = path_of(options["test_data"])
    asked = _settings(SeriesSettings, given)
    with python_call():
        search_classifiers(asked)
    return Result(read_study(_name_of(asked), asked.storage), find_space(asked.space))


def search_architecture(**options: Any) -> Result:
    """Search a network's architecture, and return what was found.

    `options` are those of `workflows/nas.py`, such as `dataset="digits"`, `space="macro"`,
    `minutes=4`; `space` may also be a `SearchSpace` that builds networks, `trainable` a function or
    a class. Raises as `tune` does.
    """
    if isinstance(options.get("space"), SearchSpace | Mapping):
        options["space"] = _path_of_space(options["space"])
    own = options.get("trainable")
    if own is not None and not isinstance(own, str):
        options["trainable"] = give(own)
    preset = architecture_options.PRESETS.get(str(options.get("preset")), {})
    asked = _settings(NasSettings, {**preset, **options})
    with python_call():
        search_architectures(asked)
    return study(_name_of(asked), asked.storage)


def study(name: str, storage: str | Path = "runs") -> Result:
    """What study `name` has found, while it runs and after its end; `storage` as for `tune`.

    UserError if there is none.
    """
    return Result(read_study(name, storage))


def _path_of_space(space: SearchSpace | Mapping[str, Any] | str) -> str:
    if isinstance(space, str):
        return space
    if not isinstance(space, SearchSpace):
        space = SearchSpace("space", training=space)
    return give(space, f"the space {space.name}")


def _path_of(train: Any) -> str:
    if isinstance(train, str):
        return train
    if hasattr(train, "get_params") and not isinstance(train, type):
        raise UserError(f"{type(train).__name__} needs data=(features, targets).")
    return give(train)


def _estimation(
    model: Any, data: tuple[Any, Any], test: tuple[Any, Any] | None, folds: Any, objective: str
) -> CrossValidated:
    if isinstance(model, type) or not hasattr(model, "get_params"):
        raise UserError(f"data is for an estimator of scikit-learn, which {model!r} is not.")
    for name, pair in {"data": data, "test": test or data}.items():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise UserError(f"{name} must be a pair: rows, and their targets.")
    features, targets = data
    names = [goal.metric for goal in parse_objectives(objective)]
    return CrossValidated(model, features, targets, names, folds, test)


def _any_config(space: str) -> Config:
    found = find_space(space)
    return found.as_declared(found.sample(np.random.default_rng(0)))


def _name_with_data(own: CrossValidated) -> str:
    """Other data, folds or parameters make it another study."""
    name = type(own.model).__name__
    try:
        digest = joblib.hash([own.features, own.targets, own.folds, own.model])
    except Exception as error:  # whatever pickling raises: a lambda has no name to be found by
        raise UserError(
            f"{name} or its data cannot be pickled for other processes: {error}"
        ) from error
    return f"{name} on data {digest[:12]}"


def _settings(kind: type[Settings], options: Mapping[str, Any]) -> Settings:
    """With a name, so that the study is found again. UserError for an option that is none."""
    known = [field.name for field in fields(kind) if field.init]
    unknown = next((name for name in options if name not in known), None)
    if unknown is not None:
        raise UserError(f"Unknown option {unknown!r}.{near_miss(unknown, known)}")
    hints = get_type_hints(kind, include_extras=True)
    typed = {key: _typed(key, value, hints[key]) for key, value in options.items()}
    return kind(**{**typed, "name": study_name(typed.get("name"), kind.workflow)})


def _typed(option: str, value: Any, declared: Any) -> Any:
    """As a command has it. UserError for a value of another type than was `declared`."""
    hint, *notes = get_args(declared)
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value is None and NoneType in kinds:
        return None
    kind = next(one for one in kinds if one is not NoneType)
    if get_origin(kind) is list:
        each = [value] if isinstance(value, str | Path) else value
        if isinstance(each, list | tuple) and all(isinstance(one, str | Path) for one in each):
            return [str(one) for one in each]
        raise UserError(f"{option} must be a list of texts, but is {value!r}.")
    if isinstance(value, Real) and any(isinstance(note, Between) for note in notes):
        value = str(value) if kind is str else value  # a number, or a word in its place
    allowed, told = _KINDS[kind]
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise UserError(f"{option} must be {told}, but is {value!r}.")
    return kind(value)


_KINDS: dict[Any, tuple[Any, str]] = {
    bool: (bool, "True or False"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: ((str, Path), "a text"),
    Path: ((str, Path), "a path"),
}


def _name_of(asked: StudySettings) -> str:
    assert asked.name is not None
    return asked.name
