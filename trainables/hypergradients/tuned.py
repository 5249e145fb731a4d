"""What is tuned by its gradient, how finely, by which estimator, and how the course goes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from automl_on_ray.search_spaces.core import UserError, check_choice
from automl_on_ray.trainables.hypergradients.problem import Tensors
from automl_on_ray.trainables.hypergradients.solvers import Identity, Solver
from automl_on_ray.trainables.hypergradients.transforms import Log, Logit, Transform

PER = ("all", "layer", "weight", "example")
ESTIMATORS = ("reverse", "forward", "online", "implicit")
OUTER_OPTIMIZERS = ("adam", "sgd", "lbfgs")
# Keys of the update alone: where training ends does not depend on them, but the way there does.
OF_THE_UPDATE = ("learning_rate", "momentum", "beta1", "beta2")
# A key is `learning_rate` or `penalty`; its values have names, such as `learning_rate/conv1`.
TRANSFORMS: Mapping[str, Transform] = {
    "learning_rate": Log(1e-6, 10.0),
    "momentum": Logit(0.0, 0.999),
    "beta1": Logit(0.0, 0.999),
    "beta2": Logit(0.5, 0.9999),
    "weight_decay": Log(1e-8, 1.0),
    "label_smoothing": Logit(0.0, 0.5),
    "augmentation": Logit(0.0, 1.0),
    "class_weights": Log(0.01, 100.0),
    "example_weights": Logit(0.0, 1.0),
}


@dataclass(frozen=True)
class Tuned:
    """A key of a config that is tuned: one value for `all`, or one `per` layer, weight or example.

    A layer is what its weights' names have before the last point. Per weight is a tensor like each
    of the network's weights: a value for each of its numbers.
    """

    key: str
    per: str = "all"
    estimator: str = "reverse"


@dataclass(frozen=True)
class Tunable:
    """A key that a trainable can tune, with what it may be `per`.

    `start` is its value where a config has none; None if the config must have one, or if the key is
    none of a config's (`in_config`), such as the weights of examples.
    """

    per: tuple[str, ...] = ("all",)
    start: float | None = None
    in_config: bool = True


@dataclass(frozen=True)
class HypergradientSettings:
    """How hyperparameters are tuned within a trial. UserError for what does not go together.

    One estimator goes along the training: `reverse`, `forward` or `online`; `implicit` may stand
    beside it.
    """

    tuned: tuple[Tuned, ...]
    outer_optimizer: str = "adam"
    outer_rate: float = 0.5  # of raw values: of logarithms, for most keys
    unroll: int = 10  # steps of training to one of the outer optimiser: a window
    truncation: int | None = None  # steps that reverse looks back, or after which forward forgets
    checkpointed: bool = False  # reverse: memory of one step instead of all, for more time
    warm_up: int = 20  # steps before the first implicit hypergradient
    solver: Solver = field(default_factory=Identity)  # of implicit
    restarts: int = 3  # of the guard, in a row; with 0 the first trouble ends the trial

    def __post_init__(self) -> None:
        check_choice("outer optimizer", self.outer_optimizer, OUTER_OPTIMIZERS)
        for name, least in {"unroll": 1, "warm_up": 0, "restarts": 0}.items():
            if getattr(self, name) < least:
                raise UserError(f"{name} must be {least} or more, but is {getattr(self, name)}.")
        if not 0 < self.outer_rate < float("inf"):
            raise UserError(f"outer_rate must be above 0, but is {self.outer_rate}.")
        if self.truncation is not None and self.truncation < 1:
            raise UserError(f"truncation must be 1 or more, but is {self.truncation}.")
        if not callable(self.solver):
            raise UserError(
                f"solver must be one of hypergradients.solvers, such as ConjugateGradients(), but "
                f"is {self.solver!r}."
            )
        along = {one.estimator for one in self.tuned} - {"implicit"}
        if len(along) > 1:
            raise UserError(
                f"One estimator goes along the training, not {' and '.join(sorted(along))}: choose "
                "one for all keys; implicit may stand beside it."
            )
        others = {one.estimator for one in self.tuned} - {"reverse"}
        if self.outer_optimizer == "lbfgs" and others:
            raise UserError(
                "L-BFGS evaluates a window several times, which only reverse can: "
                f"{', '.join(one.key for one in self.tuned if one.estimator in others)} go by "
                f"{' and '.join(sorted(others))}. Write =reverse behind them, or choose adam."
            )

    def by(self, estimator: str) -> tuple[Tuned, ...]:
        return tuple(one for one in self.tuned if one.estimator == estimator)


def parse_tuned(text: str, known: Mapping[str, Collection[str]] | None = None) -> tuple[Tuned, ...]:
    """`learning_rate:layer=forward,weight_decay`: keys by commas, each `KEY[:PER][=ESTIMATOR]`.

    Without an estimator it is `reverse` for keys of the update, such as the learning rate and the
    momentum, and `implicit` for all that shapes the loss, such as weight decay: short unrolls
    drive it to its floor. `known` has the keys that a trainable tunes, and for each what it may be
    per. UserError for what cannot be.
    """
    found = tuple(_parse_one(part.strip(), known) for part in text.split(","))
    keys = [one.key for one in found]
    for key in keys:
        if keys.count(key) > 1:
            raise UserError(f"{key!r} is tuned twice in {text!r}.")
    return found


def _parse_one(part: str, known: Mapping[str, Collection[str]] | None) -> Tuned:
    rest, equals, estimator = part.partition("=")
    key, colon, per = rest.partition(":")
    if not key or (equals and not estimator) or (colon and not per):
        raise UserError(
            f"Cannot read {part!r} as a hyperparameter to tune: write KEY, KEY:layer or "
            "KEY:layer=reverse, several by commas."
        )
    if known is not None:
        check_choice("hyperparameter to tune by its gradient", key, known)
    per = per or ("example" if key == "example_weights" else "all")
    estimator = estimator or ("reverse" if key in OF_THE_UPDATE else "implicit")
    check_choice("granularity", per, PER if known is None else tuple(known[key]), where=repr(part))
    check_choice("estimator", estimator, ESTIMATORS, where=repr(part))
    if estimator == "implicit" and key in OF_THE_UPDATE:
        raise UserError(
            f"{key} cannot be tuned by implicit: where training ends does not depend on it. "
            f"Write {key}=reverse."
        )
    if estimator == "online" and (key != "learning_rate" or per not in ("all", "layer")):
        raise UserError(
            f"online is for learning_rate, per all or layer, not for {rest}: write {rest}=reverse."
        )
    if (key == "example_weights") != (per == "example"):
        raise UserError(f"{rest} cannot be: example_weights, and no other, are per example.")
    return Tuned(key, per, estimator)


def spread(one: Tuned, start: float | Tensor, weights: Tensors, examples: int = 0) -> Tensors:
    """The start values of a key by their names, all `start`, of the first weight's type and device.

    It may be a tensor if there is one name: per all, or per example, of which there are `examples`.
    """
    first = next(iter(weights.values()))
    value = torch.as_tensor(start, dtype=first.dtype, device=first.device)
    match one.per:
        case "all":
            return {one.key: value.clone()}
        case "layer":
            layers = dict.fromkeys(name.rpartition(".")[0] or name for name in weights)
            return {f"{one.key}/{layer}": value.clone() for layer in layers}
        case "weight":
            return {
                f"{one.key}/{name}": value.expand_as(weight).clone()
                for name, weight in weights.items()
            }
    return {one.key: (value if value.ndim else value.expand(examples)).clone()}


def key_of(name: str, keys: Collection[str]) -> str:
    """The key that a value belongs to: itself, or what it has before a slash. KeyError if none."""
    while name not in keys:
        name, slash, _ = name.rpartition("/")
        if not slash:
            raise KeyError(name)
    return name


def numbers(values: Mapping[str, Tensor]) -> dict[str, float]:
    """By key, or by `KEY/min`, `KEY/mean` and `KEY/max` where a key has several values."""
    found: dict[str, float] = {}
    for key, one in values.items():
        if one.numel() == 1:
            found[key] = float(one)
        else:
            several = {"min": one.min(), "mean": one.mean(), "max": one.max()}
            found |= {f"{key}/{word}": float(each) for word, each in several.items()}
    return found


def told(values: Mapping[str, Tensor]) -> str:
    """The same in words."""
    spans = {key: (float(one.min()), float(one.max())) for key, one in values.items()}
    return ", ".join(
        f"{key}={low:.3g}" if low == high else f"{key} from {low:.3g} to {high:.3g}"
        for key, (low, high) in spans.items()
    )
