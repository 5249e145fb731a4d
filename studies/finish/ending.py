"""How a study ends: what makes its final model, and what came of that."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from automl_on_ray.clusters import Resources
from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.tracking import TrackingCallback


@dataclass(frozen=True, kw_only=True)
class Final:
    """What came of a study's final part.

    `metrics` are what was measured in the end, of each repeat. `title` and `facts` are a table of
    it on MLflow's page of the study, `verdict` lines on that page and in the report. `tell` prints
    it. `model` makes what is to be registered, if anything. Where `found` says what was found, the
    model of one `found` is registered once, else that of one name of the ending.
    """

    metrics: Sequence[Mapping[str, float]]
    title: str = "final model"
    facts: Mapping[str, Any] = field(default_factory=dict)
    verdict: Sequence[str] = ()
    tell: Callable[[], None] = lambda: None
    model: Callable[[], FinalModel | None] = lambda: None
    found: str = ""
    failed: bool = False


class Ending(Protocol):
    """Makes the final part of a study, once it has trials with a score."""

    def name(self, plan: StudyPlan, ranked: Sequence[Row]) -> str:
        """Of this final part: another one with other trials or settings, when the study goes on."""
        ...

    def make(
        self,
        plan: StudyPlan,
        ranked: Sequence[Row],
        rows: Sequence[Row],
        resources: Resources,
        tracking: TrackingCallback,
    ) -> Final | None:
        """`ranked` are the scored ones of `rows`, the best first. None if none was asked for.

        Resumable as the study is: what a former session has made is not made again.
        """
        ...
