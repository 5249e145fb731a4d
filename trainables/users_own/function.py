"""Makes a trainable of a training function, as Ray Tune knows them.

The function takes a config. It calls `ray.tune.report(metrics, checkpoint=...)` as it goes, or it
returns its metrics, or it yields them. Keywords that it has beside the config are given to it: any
of space, dataset, data_dir, subset, epochs, seed, final, digest.

A function that reports checkpoints is paused, resumed and cloned as any trainable is, if it begins
with `ray.tune.get_checkpoint()`. One that reports none begins anew after a pause or a kill. What it
reports until it is where it was is passed over.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any, ClassVar

from ray import tune
from ray.tune.result import RESULT_DUPLICATE

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError, as_number
from automl_on_ray.trainables._ray_internals import leave_session, take_session
from automl_on_ray.trainables.users_own.function_run import FunctionRun, TrialFacts, copied

GIVEN = frozenset(("space", "dataset", "data_dir", "subset", "epochs", "seed", "final", "digest"))
REPORTS = ".reports.json"  # in each checkpoint: how far the function was since its own


class FunctionTrainable(tune.Trainable):
    """A trial of `function`; `metric` is what a number that it returns is called."""

    function: ClassVar[Callable[..., Any]]
    metric: ClassVar[str] = ""
    _run: FunctionRun

    def setup(self, config: Config, **keywords: Any) -> None:
        self._keywords = keywords
        self._begin(config)

    def step(self) -> dict[str, Any]:
        take_session(self._run)  # threads of the function may report between two steps
        while (report := self._run.next_report()) is not None:
            if not self._passed_over:
                return report
            self._passed_over -= 1
        if not self.iteration:
            raise ValueError(
                "the function ended without a report: it must call ray.tune.report(metrics), or "
                "return its metrics"
            )
        return {RESULT_DUPLICATE: True}  # Tune's word for: the last report was the last

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        folder = Path(checkpoint_dir)
        if self._run.has_checkpoint:
            copied(self._run.kept, folder)
        (folder / REPORTS).unlink(missing_ok=True)  # of the checkpoint that the function began with
        since = self._run.reports_since
        told = {"checkpoint": self._run.has_checkpoint, "reports since": since}
        (folder / REPORTS).write_text(json.dumps(told))

    def load_checkpoint(self, checkpoint: Any) -> None:
        folder = Path(checkpoint)
        told = json.loads((folder / REPORTS).read_text())
        self._end()
        self._begin(self.config, folder if told["checkpoint"] else None)
        self._passed_over = int(told["reports since"])

    def reset_config(self, new_config: Config) -> bool:
        if not self._end():
            return False  # it does not listen: another process will do
        self._begin(new_config)
        return True

    def cleanup(self) -> None:
        self._end()

    def _end(self) -> bool:
        leave_session(self._run)
        return self._run.end()

    def _begin(self, config: Config, checkpoint: Path | None = None) -> None:
        self._passed_over = 0
        given = self.trial_resources.required_resources if self.trial_resources else {}
        cpus = max(1, int(given.get("CPU", 1)))
        os.environ["OMP_NUM_THREADS"] = str(cpus)
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(cpus)
        place = self.logdir or ""
        facts = TrialFacts(self.trial_id, self.trial_name, place, self.trial_resources)
        call = partial(type(self).function, config, **self._keywords)
        self._run = FunctionRun(call, facts, self._as_metrics, checkpoint)

    def _as_metrics(self, returned: Any) -> dict[str, Any]:
        if isinstance(returned, Mapping):
            return dict(returned)
        number = as_number(returned)
        if number is None or not self.metric:
            raise TypeError(
                f"{self.__class__.__name__} returned {type(returned).__name__}: return a dict of "
                "metrics, or a number for the objective"
            )
        return {self.metric: number}


def trainable_of(function: Callable[..., Any], metric: str = "") -> type[FunctionTrainable]:
    """A trainable class of `function`. UserError for one that does not take a config alone."""
    name = getattr(function, "__name__", None) or type(function).__name__
    keywords = _keywords(function, name)

    class Function(FunctionTrainable):
        def setup(self, config: Config, **given: Any) -> None:
            super().setup(config, **given)

    Function.function, Function.metric = staticmethod(function), metric
    Function.__name__ = Function.__qualname__ = name
    Function.__doc__, Function.__module__ = function.__doc__, function.__module__ or "__main__"
    both = Parameter.POSITIONAL_OR_KEYWORD
    own = [Parameter(word, Parameter.KEYWORD_ONLY) for word in keywords]
    listed = [Parameter("self", both), Parameter("config", both), *own]
    Function.setup.__signature__ = Signature(listed)  # type: ignore[attr-defined]
    return Function


def _keywords(function: Callable[..., Any], name: str) -> list[str]:
    """What it takes of what may be given, beside the config."""
    try:
        parameters = list(signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    told = f"Function {name!r} must take a config as its first argument"
    if not parameters or parameters[0].kind is Parameter.KEYWORD_ONLY:
        raise UserError(f"{told}, as in def {name}(config).")
    rest = parameters[1:]
    needed = [
        parameter.name
        for parameter in rest
        if parameter.default is Parameter.empty
        and parameter.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        and parameter.name not in GIVEN
    ]
    if needed:
        raise UserError(
            f"{told} alone; {needed[0]!r} has no default and is none of {', '.join(sorted(GIVEN))}."
            " Bind it with ray.tune.with_parameters or functools.partial."
        )
    return [parameter.name for parameter in rest if parameter.name in GIVEN]
