"""Population-based training, on the real Ray too: checkpoints pass from strong trials to weak."""

import math
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from ray import tune
from ray.tune import CheckpointConfig
from ray.tune.error import TuneError
from ray.tune.experiment import Trial
from ray.tune.result import SHOULD_CHECKPOINT
from ray.tune.trainable import FunctionTrainable

from automl_on_ray.schedulers.populations import PerturbExplorer, PopulationBased
from automl_on_ray.schedulers.tune_internals import ResumableScheduler, register_checkpoint
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.searchers.ax import AxExplorer, ExplorationConfig
from automl_on_ray.searchers.bayesian import Bayesian
from automl_on_ray.searchers.random_search import create as random_search
from tests.schedulers.populations.growing import (
    EPOCHS,
    SPACE,
    Growing,
    Noting,
    lives_match_scores,
)

GOAL = Objective("score")
COURSE = ExplorationConfig(SPACE, max_t=EPOCHS, interval=2, seed=0)


def train(
    folder, scheduler, *, searcher=None, samples=6, trainable=Growing, failures=0, at_once=None,
    callbacks=(),
):  # fmt: skip
    searcher = searcher or random_search(SearcherSettings(SPACE, (GOAL,), samples=samples, seed=2))
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=searcher, scheduler=ResumableScheduler(scheduler), num_samples=samples,
            reuse_actors=True, max_concurrent_trials=at_once,
        ),
        run_config=tune.RunConfig(
            name="study", storage_path=str(folder), verbose=0, callbacks=list(callbacks),
            checkpoint_config=tune.CheckpointConfig(
                num_to_keep=3, checkpoint_frequency=1, checkpoint_at_end=True
            ),
            failure_config=tune.FailureConfig(max_failures=failures),
        ),
    ).fit()._experiment_analysis.trials  # fmt: skip


def test_six_trials_take_turns_on_two_slots_and_each_score_is_that_of_the_life_told(
    ray_cluster, tmp_path
):
    """Synchronous ones: tests/simulation, and on Ray test_actor_reuse.py."""
    scheduler = PopulationBased(GOAL, PerturbExplorer(SPACE, 0), interval=2, seed=0)
    processes = tmp_path / "processes"
    processes.mkdir()
    trainable = tune.with_parameters(Noting, processes=processes)
    trials = train(tmp_path, scheduler, trainable=trainable)
    assert len(list(processes.iterdir())) == 2  # no turn needs a new one
    assert len(trials) == 6
    assert {trial.status for trial in trials} == {"TERMINATED"}
    lives_match_scores(scheduler, trials)
    done = scheduler.members.done
    assert done
    assert len({step.config["width"] for step in done}) <= 2
    for step in done:
        assert step.config["width"] == step.exploit.config["width"]
        assert step.config["optimizer"] == step.exploit.config["optimizer"]


@pytest.mark.whole
def test_ax_gives_the_first_population_and_every_new_value(ray_cluster, tmp_path):
    """By parts, quickly: tests/searchers/ax/test_change_model.py, and the other tests here."""
    explorer = AxExplorer(COURSE)
    scheduler = PopulationBased(GOAL, explorer, interval=2, seed=0)
    searcher = Bayesian(SearcherSettings(SPACE, (GOAL,), samples=6, max_t=EPOCHS))
    trials = train(tmp_path, scheduler, searcher=searcher)
    explorer.close()
    lives_match_scores(scheduler, trials)
    assert len(scheduler.members.done) >= 3


@pytest.mark.whole
def test_a_trial_that_crashes_keeps_its_place_in_the_population(ray_cluster, tmp_path):
    """One that fails as it takes a config, quickly: tune_internals/test_actor_reuse.py."""
    scheduler = PopulationBased(GOAL, PerturbExplorer(SPACE, 0), interval=2, seed=0)
    trials = train(
        tmp_path, scheduler, samples=4, failures=2,
        trainable=tune.with_parameters(Growing, folder=str(tmp_path)),
    )  # fmt: skip
    assert (tmp_path / "crashed").exists()
    assert {trial.status for trial in trials} == {"TERMINATED"}
    lives_match_scores(scheduler, trials)


def test_a_function_that_reports_no_checkpoints_is_told_so(ray_cluster, tmp_path):
    def without(config):
        for epoch in range(EPOCHS):
            tune.report({"score": config["rate"] * epoch})

    space = SearchSpace("rates", training={"rate": tune.uniform(0.0, 1.0)})
    scheduler = PopulationBased(GOAL, PerturbExplorer(space, seed=0), interval=2)
    tuner = tune.Tuner(
        without,
        param_space=space.domains,
        tune_config=tune.TuneConfig(scheduler=scheduler),
        run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0),
    )
    with pytest.raises(TuneError, match="needs checkpoints, but without has reported none by"):
        tuner.fit()


class Of(Trial):
    """One of this class of trainables."""

    def __init__(self, kind, **words):
        super().__init__("stub", stub=True, config={"rate": 0.1}, **words)
        self.kind = kind

    def get_trainable_cls(self):
        return self.kind


@pytest.mark.parametrize(
    ("kind", "told", "frequency", "refused", "saved"),
    [
        (FunctionTrainable, {}, 0, True, 0), (FunctionTrainable, "before", 0, False, 1),
        (FunctionTrainable, {SHOULD_CHECKPOINT: True}, 0, False, 1), (Growing, {}, 0, False, 1),
        (Growing, {}, 1, False, 0), (None, {}, 0, False, 1),
    ],
)  # fmt: skip
def test_a_function_must_give_checkpoints_and_others_are_made_to_where_they_do_not_anyway(
    kind, told, frequency, refused, saved
):
    trial = Of(kind, checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=frequency))
    asked = []
    loop = SimpleNamespace(
        get_trials=lambda: [trial], search_alg=SimpleNamespace(is_finished=lambda: True),
        _schedule_trial_save=lambda *_, **words: asked.append(words["result"]),
    )  # fmt: skip
    scheduler = PopulationBased(GOAL, PerturbExplorer(SPACE, 0), interval=2)
    scheduler.on_trial_add(loop, trial)
    trial.set_status(Trial.RUNNING)
    if told == "before":
        register_checkpoint(trial, SimpleNamespace(path="there"), {"training_iteration": 1})
        told = {}
    result = {"training_iteration": 2, "score": 0.5, **told}
    with pytest.raises(UserError, match="at least every 2") if refused else nullcontext():
        assert scheduler.on_trial_result(loop, trial, result) == "CONTINUE"
    assert asked == [result] * saved


@pytest.mark.parametrize(
    ("mode", "value", "after"),
    [
        ("max", 0.5, 0.5),
        ("min", 0.5, -0.5),
        ("max", math.inf, -math.inf),
        ("min", math.nan, -math.inf),
    ],
)
def test_an_explorer_is_told_scores_of_which_the_higher_is_better(mode, value, after):
    told, trial = [], Of(Growing, checkpoint_config=CheckpointConfig(checkpoint_frequency=1))
    scheduler = PopulationBased(
        Objective("score", mode), SimpleNamespace(tell=told.append), interval=2
    )
    loop = SimpleNamespace(get_trials=lambda: [trial])
    scheduler.on_trial_add(loop, trial)
    trial.set_status(Trial.RUNNING)
    for time in (1, 2):
        result = {"training_iteration": time, "score": value}
        assert scheduler.on_trial_result(loop, trial, result) == "CONTINUE"
    assert [(one.start, one.end, one.after) for one in told] == [(0, 2, after)]


def test_a_trial_that_is_still_to_pause_is_not_forgotten_while_another_takes_its_slot():
    every = CheckpointConfig(checkpoint_frequency=1)
    one, other = (Of(Growing, trial_id=name, checkpoint_config=every) for name in ("a", "b"))
    loop = SimpleNamespace(get_trials=lambda: [one, other], _running_trials={one})
    scheduler = PopulationBased(GOAL, PerturbExplorer(SPACE, 0), interval=2)
    for trial in (one, other):
        scheduler.on_trial_add(loop, trial)
    one.set_status(Trial.RUNNING)
    assert scheduler.on_trial_result(loop, one, {"training_iteration": 2, "score": 0.5}) == "PAUSE"
    assert scheduler.choose_trial_to_run(loop) is other
    other.set_status(Trial.RUNNING)
    assert scheduler.choose_trial_to_run(loop) is None
    one.set_status(Trial.PAUSED)
    loop._running_trials = {other}
    assert scheduler.choose_trial_to_run(loop) is one


@pytest.mark.parametrize("end", ["complete", "error", "remove"])
def test_a_trial_that_has_ended_in_any_way_is_no_member_and_gets_no_turn(end):
    one, other = (Of(Growing, trial_id=name) for name in ("a", "b"))
    loop = SimpleNamespace(get_trials=lambda: [one, other], _running_trials={other})
    scheduler = PopulationBased(GOAL, PerturbExplorer(SPACE, 0), interval=2)
    for trial in (one, other):
        scheduler.on_trial_add(loop, trial)
    other.set_status(Trial.RUNNING)
    assert scheduler.choose_trial_to_run(loop) is one
    words = [{"training_iteration": 3}] if end == "complete" else []
    getattr(scheduler, f"on_trial_{end}")(loop, one, *words)
    assert scheduler.members.alive() == ["b"]
    assert scheduler.members.members["a"].time == (3 if words else 0)
    assert scheduler.choose_trial_to_run(loop) is None


def test_before_a_trial_starts_its_explorer_gets_ready_and_its_metric_is_its_own():
    ready = []
    for explorer in (SimpleNamespace(get_ready=lambda: ready.append(1)), PerturbExplorer(SPACE, 0)):
        scheduler = PopulationBased(GOAL, explorer, interval=2)
        assert scheduler.set_search_properties(None, None) is True
        assert scheduler.set_search_properties("other", "max") is False
    assert ready == [1, 1]
    assert "0 exploits" in scheduler.debug_string()
