"""What is asked of hpo.py is what will be done: by the plan alone, and its study simulated."""

import itertools
import json
import random

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.clusters import Resources
from automl_on_ray.schedulers import scheduler_capabilities
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.simulation import Simulation
from automl_on_ray.studies.hpo import HpoSettings, prepare
from automl_on_ray.studies.search import stage_of
from automl_on_ray.tracking import NO_DATA
from tests.schedulers.populations.growing import SPACE, gain

EPOCHS = TRIALS = 9
GROWING = "tests.schedulers.populations.growing"
IMAGE = {"trainable": None, "space": "mnist-cnn", "objective": "accuracy"}
SLOTS = Resources(3, 1.0, 0.0)
NAMES = (f"plan-{number}" for number in itertools.count())


@pytest.fixture
def planned(storage):
    def plan(**asked):
        usual = {
            "trainable": f"{GROWING}:Growing", "space": f"{GROWING}:SPACE", "objective": "score",
            "searcher": "random", "scheduler": "fifo", "trials": TRIALS, "epochs": EPOCHS,
            "storage": str(storage), "name": next(NAMES),
            "tracking_uri": f"sqlite:///{storage}/mlflow.db",
        }  # fmt: skip
        made = prepare(HpoSettings(**{**usual, **asked}))
        with made.study:
            return made

    return plan


def written(folder, content):
    (folder / "given.json").write_text(json.dumps(content))
    return folder / "given.json"


class Growth:
    """`Growing`, without its process."""

    def begin(self, config):
        return 0, 0.0

    def step(self, state, config):
        epoch, score = state[0], state[1] + gain(config, state[0], EPOCHS)
        return (epoch + 1, score), {"score": score}, 1.0 + config["batch"] / 100


def simulated(plan, slots=3):
    random.seed(0)  # Ray's schedulers draw from here
    np.random.seed(0)
    kind = scheduler_capabilities(plan.asked.scheduler)
    plan.scheduler._log_config = False  # of Ray's PB2: to files in the folders of trials
    study = Simulation(
        Growth(), plan.searcher, plan.scheduler, samples=plan.asked.trials, slots=slots,
        max_t=plan.asked.epochs, pausing=kind.pauses_trials, population=plan.asked.population,
        keep=kind.checkpoints_to_keep, constants=plan.evaluation.space.constants,
    )  # fmt: skip
    study.run()
    return study


def ends(study):
    return [trial.run_metadata.last_result["training_iteration"] for trial in study.trials]


def pauses(study, iteration=None):
    found = [each for each in study.decisions if each.what == "pause"]
    return [each for each in found if iteration in (None, each.iteration)]


def changed(study):
    """Trials that lived through more than one config."""
    configs = {}
    for decision in study.decisions:
        configs.setdefault(decision.trial, set()).add(decision.config)
    return {trial for trial, seen in configs.items() if len(seen) > 1}


def test_under_fifo_every_trial_runs_to_its_end_as_it_began(planned):
    study = simulated(planned(scheduler="fifo"))
    assert ends(study) == [EPOCHS] * TRIALS
    assert not pauses(study)
    assert not changed(study)


def test_asha_stops_trials_at_its_rungs_and_pauses_none(planned):
    study = simulated(planned(scheduler="asha"))
    assert set(ends(study)) == {1, 3, EPOCHS}  # a third goes on from one to the next
    assert ends(study).count(EPOCHS) < TRIALS / 2
    assert not pauses(study)


def test_hyperband_pauses_trials_until_the_others_have_come_as_far(planned):
    study = simulated(planned(scheduler="hyperband"))
    assert pauses(study)
    assert min(ends(study)) < max(ends(study)) == EPOCHS
    assert not changed(study)


def test_median_stopping_ends_the_weak_where_they_fall_behind(planned):
    study = simulated(planned(scheduler="median-stopping"))
    scores = [trial.run_metadata.last_result["score"] for trial in study.trials]
    assert min(ends(study)) < EPOCHS
    assert ends(study)[int(np.argmax(scores))] == EPOCHS
    assert not pauses(study)


def test_pbt_has_weak_trials_go_on_from_strong_ones_after_each_interval(planned):
    plan = planned(scheduler="pbt", explore="perturb", interval=3)
    study = simulated(plan)
    assert ends(study) == [EPOCHS] * TRIALS
    done = plan.scheduler.members.done
    assert min(step.time for step in done) == 3
    judged = {time for each in plan.scheduler.members.members.values() for time in each.scores}
    assert judged == {3, 6}
    assert {step.exploit.trial for step in done} <= changed(study)
    assert all(step.config != step.exploit.config for step in done)


def test_a_synchronous_population_stops_for_each_comparison_and_another_does_not(planned):
    def waiting(**asked):
        return len(pauses(simulated(planned(scheduler="pbt", explore="perturb", **asked), 9), 3))

    assert waiting(interval=3, synchronous=True) == TRIALS
    assert waiting(interval=3) < TRIALS


def test_of_a_population_no_more_are_alive_than_asked_for(planned):
    study = simulated(planned(scheduler="pbt", explore="perturb", population=4, interval=3), 9)
    culled = [end for end in ends(study) if end < EPOCHS]
    assert culled
    assert set(culled) == {3}
    begun = [each.trial for each in study.decisions[:4]]
    assert len(set(begun)) == 4
    assert study.decisions[4].what != "begin"


def test_pb2_changes_floats_of_live_trials_and_nothing_else(planned):
    study = simulated(planned(scheduler="pb2", interval=3))
    assert ends(study) == [EPOCHS] * TRIALS
    assert changed(study)
    births = {each.trial: each.config for each in reversed(study.decisions)}
    for trial in study.trials:
        kept = {key: value for key, value in trial.config.items() if isinstance(value, int | str)}
        donors = [dict(eval(birth)) for birth in births.values()]
        assert any(kept.items() <= donor.items() for donor in donors)


def test_a_replay_takes_every_trial_through_the_schedule_with_a_seed_of_its_own(planned, tmp_path):
    first, second = (
        {"width": 8, "rate": rate, "batch": 8, "kind": "b", "optimizer": "adam"}
        for rate in (0.1, 0.01)
    )
    segments = [
        {"start": 0, "end": 2, "trial": "a", "config": first},
        {"start": 2, "end": 5, "trial": "b", "config": second},
    ]
    plan = planned(replay=written(tmp_path, segments), trials=20, searcher="bayesian")
    assert (plan.asked.trials, plan.asked.epochs) == (3, 5)
    assert plan.searcher is None
    assert (plan.record.searcher, plan.record.scheduler) == (
        "none: a schedule was given", "replay",
    )  # fmt: skip

    class Given:
        """What Tune's grid of seeds gives."""

        def suggest(self, name):
            return {**first, "seed": int(name)}

        def on_trial_result(self, *told):
            pass

        def on_trial_complete(self, *told, **more):
            pass

        def get_state(self):
            return {}

        def set_state(self, state):
            pass

    def study_of(plan, disk=None):
        return Simulation(
            Growth(), Given(), plan.scheduler, samples=3, slots=3, max_t=5, pausing=True, disk=disk
        )

    study = study_of(plan)
    for _ in range(8):
        study.step()
    again = study_of(planned(replay=tmp_path / "given.json"), study.disk)  # after a kill
    again.load(study.save())
    again.run()
    study.run()
    assert ends(study) == ends(again) == [5] * 3
    score = sum(gain(first if epoch < 2 else second, epoch, EPOCHS) for epoch in range(5))
    for index, trial in enumerate([*study.trials, *again.trials]):
        assert trial.config == {**second, "seed": index % 3}
        assert trial.run_metadata.last_result["score"] == pytest.approx(score)


def test_the_search_is_a_stage_of_what_was_asked(planned):
    plan = planned(max_failures=2, trial_minutes=3.0, retry_failed=True, name="staged")
    stage = stage_of(plan, SLOTS)
    assert stage.title == f"staged: random + fifo on {NO_DATA}, 3 at once"
    assert (stage.samples, stage.expected, stage.at_once, stage.workers) == (TRIALS, TRIALS, 3, 1)
    assert (stage.epochs, stage.step, stage.awaited) == (EPOCHS, "epoch", ("score",))
    assert (stage.max_failures, stage.trial_minutes, stage.retry_failed) == (2, 3.0, True)
    assert (stage.objectives, stage.resources) == (plan.evaluation.objectives, SLOTS)
    assert stage.keep == plan.can.checkpoints_to_keep
    assert stage.remembers
    assert stage.reused
    assert stage.searcher is not None
    assert stage.scheduler is plan.scheduler


def test_trials_that_wait_for_each_other_are_as_many_as_the_population(planned):
    asked = {"scheduler": "pbt", "explore": "perturb"}
    assert stage_of(planned(**asked, population=4), SLOTS).at_once == 4
    assert stage_of(planned(**asked), SLOTS).at_once is None


def test_a_replay_is_a_trial_a_seed_and_remembers_nothing(planned, tmp_path):
    config = SPACE.sample(np.random.default_rng(0))
    segment = {"start": 0, "end": 5, "trial": "a", "config": config}
    stage = stage_of(planned(replay=written(tmp_path, [segment])), SLOTS)
    assert (stage.samples, stage.expected, stage.at_once, stage.epochs) == (1, 3, None, 5)
    assert stage.searcher is None
    assert not stage.remembers
    assert stage.param_space["seed"] == {"grid_search": [0, 1, 2]}


def known(folder):
    config = SPACE.sample(np.random.default_rng(0))
    return [str(written(folder, [{"config": config, "metrics": {"score": 1.5}}]))]


def points(folder):
    return written(folder, [SPACE.sample(np.random.default_rng(0))])


SETTINGS = {
    "seed": (7, lambda plan: plan.searcher.settings.seed),
    "trials": (5, lambda plan: plan.searcher.settings.samples),
    "epochs": (4, lambda plan: plan.searcher.settings.max_t),
    "acquisition": ("ucb", lambda plan: plan.searcher.settings.acquisition),
    "beta": (0.5, lambda plan: plan.searcher.settings.beta),
    "outcome_constraint": (
        ["cost <= 2"], lambda plan: list(plan.searcher.settings.outcome_constraints)
    ),
    "objective": ("-loss", lambda plan: str(plan.searcher.settings.objectives[0])),
}  # fmt: skip


@pytest.mark.parametrize("field", SETTINGS)
def test_the_searcher_is_made_with_what_was_asked(field, planned):
    value, seen = SETTINGS[field]
    bayesian = {"searcher": "bayesian", "acquisition": "ucb", field: value}
    assert seen(planned(**bayesian)) == value


def test_the_searcher_is_told_of_all_objectives(planned):
    plan = planned(searcher="bayesian", objective="score, -cost")
    assert [str(each) for each in plan.searcher.settings.objectives] == ["score", "-cost"]


def test_the_searcher_begins_with_the_points_given_and_knows_the_results_given(planned, tmp_path):
    config = SPACE.sample(np.random.default_rng(0))
    tried = planned(try_first=points(tmp_path)).searcher
    assert tried.suggest("first") == config
    (result,) = planned(searcher="bayesian", known=known(tmp_path)).searcher.settings.known
    assert result.config == config
    assert [dict(metrics) for metrics in result.curve.values()] == [{"score": 1.5}]


def test_results_in_a_table_of_another_tool_are_known_to_the_searcher(planned, tmp_path):
    config = SPACE.sample(np.random.default_rng(0))
    row = {**{f"params_{key}": value for key, value in config.items()}, "value": 1.5}
    pd.DataFrame([row]).to_csv(tmp_path / "known.csv", index=False)
    plan = planned(searcher="bayesian", known=[str(tmp_path / "known.csv")])
    (result,) = plan.searcher.settings.known
    assert {**SPACE.constants, **result.config} == config
    assert plan.study.asked["known"][0]["curve"] == {str(EPOCHS): {"score": 1.5}}


def test_a_searchers_own_options_belong_to_the_study(planned):
    plan = planned(searcher="evolution:population=4", name="own-options")
    assert plan.searcher.population == 4
    assert plan.record.searcher == "evolution:population=4"
    with pytest.raises(UserError, match="begun with searcher = 'evolution:population=4'"):
        planned(searcher="evolution:population=5", name="own-options")


def test_what_is_recorded_of_a_study_says_what_it_is(planned):
    plan = planned(scheduler="pbt", explore="perturb", seed=3, objective="score, -cost",
                   name="recorded")  # fmt: skip
    record = plan.record
    assert (record.name, record.study_id) == (plan.name, plan.study.study_id)
    assert (record.name, record.space, record.trainable) == (
        "recorded", "growing", f"{GROWING}:Growing",
    )  # fmt: skip
    assert (record.searcher, record.scheduler, record.seed) == ("random", "pbt", 3)
    assert [str(one) for one in record.objectives] == ["score", "-cost"]
    assert (record.max_t, record.step, record.test_metrics) == (EPOCHS, "epoch", ())
    assert (record.dataset, record.dataset_digest, record.dataset_context) == (NO_DATA, "", {})
    assert record.domains == SPACE.as_data()
    assert record.command.endswith("--name recorded")
    assert record.changes_running_trials
    assert plan.can.changes_running_trials
    assert not planned().record.changes_running_trials


def test_a_server_of_mlflow_that_is_not_there_is_told_before_anything_starts(planned):
    with pytest.raises(UserError, match="does not answer"):
        planned(tracking_uri="http://127.0.0.1:1")


def test_a_population_is_no_larger_than_the_search(planned):
    usual = {"scheduler": "pbt", "explore": "perturb"}
    assert planned(**usual, population=TRIALS).asked.population == TRIALS
    with pytest.raises(UserError, match=f"--population 10 is more than the {TRIALS} trials asked"):
        planned(**usual, population=TRIALS + 1)


def test_the_budget_is_what_was_asked_with_what_was_spent_before(planned):
    spent = {"trial_seconds": {"t": 1800.0}, "clock_seconds": 120.0}

    def is_used_up(**asked):
        plan = planned(**asked)
        (plan.study.path / "spent.json").write_text(json.dumps(spent))
        return plan.budget().stop_all()

    assert not is_used_up()
    assert not is_used_up(minutes=3.0, cost=2.0, price_per_hour=3.0)
    assert is_used_up(minutes=2.0)
    assert is_used_up(cost=1.0, price_per_hour=3.0)


@pytest.mark.parametrize(
    ("objective", "learned"),
    [("accuracy", ["parameters <= 30000"]), ("-parameters", []),
     ("accuracy, -parameters", ["parameters <= 30000"])],
)  # fmt: skip
def test_a_limit_is_a_constraint_for_a_searcher_that_learns_where_it_holds(
    objective, learned, planned
):
    """Not a limit to the only objective: the best is far from it."""
    asked = {**IMAGE, "objective": objective, "limit": ["parameters <= 30000"]}
    plan = planned(**asked, dataset="digits", searcher="bayesian")
    assert list(plan.searcher.settings.outcome_constraints) == learned


def test_trials_are_offered_the_data_that_were_asked_for(planned):
    image = IMAGE
    plan = planned(**image, dataset="digits", subset=300, seed=3, epochs=2)
    record = plan.record
    assert (record.dataset, record.dataset_digest) == (plan.data.name, plan.data.digest)
    assert record.dataset_context == plan.data.facts()
    assert (record.subset, record.trainable) == (300, "ImageClassifier")
    assert record.test_metrics[0] == Objective("test_accuracy")
    assert len(plan.data.joined()) == 300
    offered = {key: plan.trial_kwargs[key] for key in ("subset", "seed", "epochs")}
    assert offered == {"subset": 300, "seed": 3, "epochs": 2}
    assert plan.trial_kwargs["digest"] == plan.data.digest
    other = planned(**image, dataset="digits", subset=300, seed=4)
    assert other.data.digest != plan.data.digest  # others are drawn
