"""A study and a row for each of its trials, as the tracker needs them."""

from dataclasses import dataclass, field
from typing import Any

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking.mlflow_names import json_tag

NO_DATA = "the trainable's own"  # the data set of a trainable that takes none of ours


@dataclass(frozen=True)
class Study:
    """`study_id` stays the same when the study is resumed; the tracker finds its runs by it.

    `command` repeats the study. `dataset_context` holds what a person wants to know of the data:
    counts, classes. `believed` says in a line what its searcher was told of parameters beforehand.
    `domains` is what may vary, as JSON has it. `test_metrics` are what is reported
    of the test part in the end, the most important first.

    `metrics` lists what to log of a trial's results; None means every number that is not Tune's own
    book-keeping. The objectives' are logged in any case. A trial that ends before `time_attr`
    reaches `max_t` was pruned; a unit of it is called a `step`. If the scheduler
    `changes_running_trials`, their configs are logged with each report. With `only_whole` trials
    are compared once they have reached `max_t`.

    `trainable` is what trials run, of at most `subset` examples; `warm_start` says in a line which
    earlier studies it began from.
    """

    name: str
    objectives: tuple[Objective, ...]
    dataset: str
    dataset_digest: str
    space: str
    searcher: str
    scheduler: str
    seed: int
    command: str
    study_id: str
    max_t: int
    dataset_context: dict[str, Any] = field(default_factory=dict)
    believed: str = ""
    domains: dict[str, Any] = field(default_factory=dict)
    test_metrics: tuple[Objective, ...] = ()
    time_attr: str = "training_iteration"
    step: str = "epoch"
    metrics: tuple[str, ...] | None = None
    changes_running_trials: bool = False
    only_whole: bool = False
    trainable: str = ""
    subset: int | None = None
    warm_start: str = ""

    def params(self) -> dict[str, str]:
        """What the study's own run has as params."""
        return {
            "dataset": self.dataset,
            "space": self.space,
            "searcher": self.searcher,
            "scheduler": self.scheduler,
            "objective": ", ".join(map(str, self.objectives)),
            "seed": str(self.seed),
            "max_t": str(self.max_t),
            **({"prior": self.believed} if self.believed else {}),
        }

    def tags(self) -> dict[str, str]:
        """What else a later study wants to know of it, all in one query."""
        told = {"automl.trainable": self.trainable, "automl.subset": str(self.subset or "")}
        return {
            **{name: value for name, value in told.items() if value},
            **json_tag("automl.keys", list(self.domains)),
        }


@dataclass(frozen=True)
class TrialRow:
    """One trial, with its last `metrics`.

    `outcome` is completed, pruned, infeasible (beyond a limit), failed or stopped.
    """

    trial_id: str
    config: Config
    metrics: dict[str, float]
    outcome: str
    iterations: int = 0
