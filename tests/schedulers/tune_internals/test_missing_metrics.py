"""Trials that do not always, or never, report what they are judged by: one Tune study of all."""

import pytest
from ray import tune

from automl_on_ray.schedulers import SchedulerSettings, create_scheduler
from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective
from tests.schedulers.sparse import KINDS, Odd


def ran(scheduler, folder):
    """Trials by kind, of one study of all kinds."""
    settings = SchedulerSettings(
        SearchSpace("kinds"), Objective("score"), epochs=4, samples=6, seed=0
    )
    tuner = tune.Tuner(
        tune.with_resources(Odd, {"cpu": 2}),
        param_space={"kind": tune.grid_search(list(KINDS))},
        tune_config=tune.TuneConfig(
            scheduler=ResumableScheduler(create_scheduler(scheduler, settings), awaited=["score"]),
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name=scheduler, storage_path=str(folder), verbose=0,
            failure_config=tune.FailureConfig(max_failures=1),
        ),
    )  # fmt: skip
    return {t.config["kind"]: t for t in tuner.fit()._experiment_analysis.trials}


@pytest.mark.slow
def test_a_trial_that_never_reports_its_metric_fails_alone_and_by_name(tmp_path, ray_cluster):
    trials = ran("hyperband", tmp_path)
    failed = {kind for kind, trial in trials.items() if trial.status == "ERROR"}
    assert failed == {"never", "as text"}
    assert {trial.status for trial in trials.values()} == {"ERROR", "TERMINATED"}
    assert [trials[kind].num_failures for kind in failed] == [1, 1]  # not tried again
    with open(trials["never"].error_file) as file:
        assert file.read().splitlines()[-1] == (
            "MissingMetricError: never reported 'score'; it reported: loss, scores. "
            "Did you mean 'scores'?"
        )
    with open(trials["as text"].error_file) as file:
        assert "'score' as a number: it is a str, '0.9'" in file.read()
