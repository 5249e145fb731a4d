"""What a wrapped scheduler is told."""

import pytest
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler

from automl_on_ray.schedulers.tune_internals import ResumableScheduler


class Recording(FIFOScheduler):
    """As a replay, it goes by epochs and asks for no metric."""

    def __init__(self):
        super().__init__()
        self.told = []

    def on_trial_result(self, tune_controller, trial, result):
        self.told.append(result)
        return self.CONTINUE


class RecordingHalving(Recording, ASHAScheduler):
    def __init__(self):
        ASHAScheduler.__init__(self, metric="score", mode="max")
        self.told = []


@pytest.mark.parametrize(("scheduler", "told"), [(Recording, [1, 2]), (RecordingHalving, [2])])
def test_reports_without_the_metric_are_passed_over_if_the_scheduler_has_one(scheduler, told):
    inner = scheduler()
    surviving = ResumableScheduler(inner)
    surviving.set_search_properties(None, None)  # as Tune does where it knows of no metric
    for epoch, report in enumerate(({"loss": 1.0}, {"score": 0.5}), start=1):
        surviving.on_trial_result(None, None, {"training_iteration": epoch, **report})
    assert [result["training_iteration"] for result in inner.told] == told
