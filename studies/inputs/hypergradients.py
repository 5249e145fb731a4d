"""What trials may tune by its gradient, checked before anything is started."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.domains import step_of
from automl_on_ray.studies.inputs.json_files import read_list
from automl_on_ray.trainables import hypergradients


def tuning(trainable: type[tune.Trainable]) -> type[tune.Trainable]:
    """The trainable that does the same, and can tune by gradients if there is such a one."""
    other: Any = getattr(trainable, "with_hypergradients", None)
    found: type[tune.Trainable] = other() if other else trainable
    return found


def tunables(trainable: type[tune.Trainable]) -> "Mapping[str, hypergradients.Tunable]":
    """What trials of it can tune, by key; nothing for a trainable that does not declare any."""
    tunes: Any = getattr(tuning(trainable), "tunes", dict)
    found: Mapping[str, hypergradients.Tunable] = tunes()
    return found


def hypergradients_of(
    asked: str | None, trainable: type[tune.Trainable], **options: Any
) -> "hypergradients.HypergradientSettings | None":
    """What --hypergradient asks for, if it asks for anything; `options` that are None count not.

    UserError for a trainable that gives no gradients, for what it does not tune, and for options
    that need --hypergradient.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if not asked:
        for name in given:
            raise UserError(
                f"--{name.replace('_', '-')} is for --hypergradient, which names what is tuned."
            )
        return None
    known = tunables(trainable)
    if not known:
        raise UserError(
            f"--hypergradient needs the gradients of a training, and {trainable.__name__} gives "
            "none: derive it from HypergradientTrainable, or leave the option out."
        )
    tuned = hypergradients.parse_tuned(asked, {key: one.per for key, one in known.items()})
    return hypergradients.HypergradientSettings(tuned, **given)


def usual_hypergradients(
    trainable: type[tune.Trainable],
) -> "hypergradients.HypergradientSettings | None":
    """What trials of a user's own trainable tune unless --hypergradient says otherwise.

    None for a trainable that declares nothing to tune. UserError for what it declares wrongly.
    """
    usual: Any = getattr(trainable, "usual", None)
    return usual() if usual and tunables(trainable) else None


def check_one_process(**workers: int) -> None:
    """UserError for several processes to one trial; `workers` by their option."""
    for name, count in workers.items():
        if count > 1:
            raise UserError(
                f"--{name.replace('_', '-')} {count} and --hypergradient do not go together: one "
                "process trains such a trial."
            )


def with_starts(
    space: SearchSpace, keys: Collection[str], known: "Mapping[str, hypergradients.Tunable]"
) -> SearchSpace:
    """`space` with constants for those `keys` that it lacks: where their values start.

    UserError for a key that is not a number of a range, or has no start at all.
    """
    missing = {}
    for key in keys:
        one = known[key]
        if key in space.all:
            _check_continuous(space, key)
        elif one.start is not None:
            missing[key] = one.start
        elif one.in_config:
            raise UserError(
                f"{key} is to be tuned, and has no value to start from: space {space.name!r} does "
                "not declare it, so add it there, as a range or a constant."
            )
    return replace(space, training={**space.training, **missing}) if missing else space


def _check_continuous(space: SearchSpace, key: str) -> None:
    domain = space.domains.get(key)
    if domain is None:
        value = space.all[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UserError(f"{key!r} is {value!r} in space {space.name!r}: no number to tune.")
    elif space.as_data()[key]["kind"] not in ("float", "normal") or step_of(domain) is not None:
        raise UserError(
            f"{key!r} has no gradient in space {space.name!r}, as it is {space.describe()[key]}: "
            "declare a range without steps, such as loguniform, or leave it to the searcher."
        )


def keys_in(schedule: Path) -> list[str]:
    """Those of the first config of a schedule's file, if it has one."""
    config = next(iter(read_list(schedule)), {}).get("config")
    return list(config) if isinstance(config, dict) else []
