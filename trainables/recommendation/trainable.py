"""What one trial of a study of a recommender does: fits a config before each point in time."""

from collections.abc import Mapping
from typing import Any, ClassVar, Unpack, cast

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.trainables.folds import FoldByFold, Judged
from automl_on_ray.trainables.recommendation.events import EventKeywords, Events, load_events
from automl_on_ray.trainables.recommendation.metrics import METRICS, scores
from automl_on_ray.trainables.recommendation.models import FitSettings, fit
from automl_on_ray.trainables.recommendation.ranking import rank


class Recommendations(FoldByFold):
    """Each step fits what comes before one held part of the events, from the latest part back.

    It reports METRICS of the users who are in both, with all items ranked for each of them. What a
    user had seen is left out.
    """

    METRICS: ClassVar[dict[str, str]] = {
        **{f"val_{name}": way for name, way in METRICS.items()},
        "fit_seconds": "min",  # of all folds so far, with their predictions
        "predict_seconds": "min",  # for 1,000 users; the mean
    }
    TEST_METRICS: ClassVar[tuple[str, ...]] = tuple(f"test_{name}" for name in METRICS)

    data: Events

    def setup(  # type: ignore[override]
        self,
        config: Config,
        *,
        space: SearchSpace,
        final: bool = False,
        **events: Unpack[EventKeywords],
    ) -> None:
        """UserError if the config is not a member of `space`, or the events cannot be had."""
        super().setup(config, space=space, final=final, **events)

    @classmethod
    def data_keywords(cls) -> type:
        return EventKeywords

    @classmethod
    def read_data(cls, keywords: Mapping[str, Any]) -> Events:
        known = EventKeywords.__annotations__
        own = {key: value for key, value in keywords.items() if key in known}
        return load_events(cast(EventKeywords, own))

    def folds(self) -> int:
        return self.data.folds

    def judge(self, fold: int | None) -> Judged:
        """Raises MemoryError, and the trial has failed, where a model is too large for the node."""
        seen = self.data.seen(fold)
        users, held = self.data.held(fold)
        fitted = fit(self.member, seen, FitSettings(self.fit_seed, self.threads()))
        ranked = rank(fitted, seen, users)
        return Judged(scores(ranked.items, held), predict_seconds=ranked.seconds)
