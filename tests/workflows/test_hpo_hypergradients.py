"""workflows/hpo.py --hypergradient: what it refuses, and whole studies on scikit-learn's digits."""

import json
import shlex

import numpy as np
import pytest
from mlflow.tracking import MlflowClient
from ray import tune

from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.searchers.random_search import RandomSearch
from automl_on_ray.studies.hpo import HpoSettings, prepare
from automl_on_ray.studies.inputs import bind
from automl_on_ray.trainables.hypergradients import HypergradientSettings, parse_tuned
from automl_on_ray.trainables.tuned_classifier import HypergradientClassifier
from tests.helpers.studies import ONE, OWN, rows_of, run, runs_of, typed
from tests.studies.finish.test_printed_commands import LINE

BOTH = ["--hypergradient", "learning_rate,weight_decay", "--unroll", 5]
DIGITS = ["--dataset", "digits", "--subset", 600, *ONE]
MISTAKES = {
    "unknown key": (["--hypergradient", "learning_rat"], "'learning_rat'. Did you mean"),
    "discrete key": (["--hypergradient", "batch_size"], "'batch_size'"),
    "no start": (["--hypergradient", "auxiliary_weight"], "has no value to start from"),
    "unknown estimator": (["--hypergradient", "learning_rate=foward"], "forward"),
    "unknown outer optimiser": ([*BOTH, "--outer-optimizer", "adams"], "adam"),
    "outer rate out of range": ([*BOTH, "--outer-rate", 0], "--outer-rate"),
    "outer rate of nothing": (["--outer-rate", 0.1], "--outer-rate is for --hypergradient"),
    "several processes": ([*BOTH, "--train-workers", 2], "--train-workers 2 and --hypergradient"),
    "no gradients": (
        [*BOTH, *OWN, "--trainable", "tests.helpers.crashing:Costly"],
        "Costly gives none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_a_line_before_anything_is_started(mistake, tmp_path):
    arguments, said = MISTAKES[mistake]
    result = run(tmp_path / "runs", "wrong", *DIGITS, *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "runs" / "wrong").exists()


def test_a_replay_tunes_nothing_by_gradients(tmp_path):
    config = SPACE.sample(np.random.default_rng(0))
    (tmp_path / "s.json").write_text(json.dumps([{"start": 0, "end": 1, "config": config}]))
    result = run(tmp_path / "runs", "wrong", *DIGITS, *BOTH, "--replay", tmp_path / "s.json")
    assert result.exit_code == 2
    assert "--hypergradient is for a search, and --replay searches nothing" in result.output


@pytest.fixture
def planned(storage):
    def plan(name, **asked):
        usual = {
            "dataset": "digits", "subset": 600, "searcher": "random", "storage": str(storage),
            "tracking_uri": f"sqlite:///{storage}/mlflow.db", "name": name,
        }  # fmt: skip
        made = prepare(HpoSettings(**{**usual, **asked}))
        with made.study:
            return made

    return plan


def test_trials_and_the_final_training_are_told_what_to_tune(planned):
    plan = planned("told", hypergradient="learning_rate:layer,class_weights", outer_rate=0.1)
    assert plan.klass is HypergradientClassifier
    assert plan.klass.final_model
    for given in (plan.trial_kwargs, plan.evaluation.trial_kwargs):
        settings = given["hypergradients"]
        assert [(one.key, one.per) for one in settings.tuned] == [
            ("learning_rate", "layer"),
            ("class_weights", "all"),
        ]
        assert settings.outer_rate == 0.1


def test_a_study_without_gradients_is_as_it_was(planned):
    plan = planned("plain")
    assert "hypergradients" not in plan.trial_kwargs
    assert plan.klass is not HypergradientClassifier


def test_along_a_schedule_a_users_trainable_tunes_nothing_and_is_given_what_it_had_tuned(
    planned, tmp_path
):
    """The rate is a constant of the space, which lacks the bias; both change all the same."""
    configs = [{"rate": 2, "learning_rate": 0.1, "bias": bias} for bias in (0.5, 0.6)]
    entries = [{"start": e, "end": e + 1, "config": one} for e, one in enumerate(configs)]
    (tmp_path / "s.json").write_text(json.dumps(entries))
    own = "tests.studies.inputs.test_hypergradients"
    plan = planned(
        "along", trainable=f"{own}:Own", space=f"{own}:SMALL", objective="-val_loss",
        searcher="bayesian", replay=tmp_path / "s.json",
    )  # fmt: skip
    assert plan.trial_kwargs["hypergradients"].tuned == ()
    assert [segment.config for segment in plan.schedule] == configs


@pytest.mark.parametrize(
    "other", [{"hypergradient": "learning_rate"}, {"outer_rate": 0.2}, {"unroll": 7}]
)
def test_what_is_tuned_is_a_part_of_what_the_study_is(planned, other):
    asked = {"hypergradient": "learning_rate,weight_decay", "unroll": 5}
    name = f"same-{next(iter(other))}"
    planned(name, **asked)
    planned(name, **asked)
    with pytest.raises(UserError, match="was begun with"):
        planned(name, **{**asked, **other})


@pytest.fixture(scope="module")
def printed(storage, ray_cluster):
    """What a study has said at its end.

    Killed and gone on with: test_hpo_goes_on.py here, and what its trials go on from in
    tests/trainables/tuned_classifier.
    """
    done = typed(
        "--storage", storage, "--name", "tuned", *DIGITS, *BOTH, "--searcher", "random",
        "--scheduler", "fifo", "--trials", 2, "--epochs", 3, "--final-seeds", 1,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.whole
def test_values_are_metrics_by_epoch_and_the_config_is_what_was_suggested(printed, storage):
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    roles = runs_of(storage, "tuned")
    for trial in [*roles["trial"], *roles["final"]]:
        for key in ("learning_rate", "weight_decay"):
            history = client.get_metric_history(trial.info.run_id, f"hyper/{key}")
            assert [one.step for one in history] == [1, 2, 3]
            assert history[0].value != history[-1].value
            assert float(trial.data.params[key]) not in {one.value for one in history}
    assert "test_accuracy" in roles["final"][0].data.metrics
    (study,) = roles["study"]
    files = {file.path for file in client.list_artifacts(study.info.run_id)}
    assert {"schedule.json", "schedule.png", "tuned_config.json"} <= files


@pytest.mark.whole
def test_what_was_found_is_trained_along_and_searched_on_from_as_printed(printed, storage):
    """In a fresh shell: tests/studies/finish/test_printed_commands.py."""
    schedule = json.loads((storage / "tuned" / "schedule.json").read_text())
    assert [(one["start"], one["end"]) for one in schedule] == [(e, e + 1) for e in range(3)]
    assert "What the best trial tuned came to learning_rate " in printed
    along, on = (line for line in LINE.findall(printed) if "hpo.py" in line)
    for command, *fewer in ((along,), (on, "--trials", 1)):
        done = typed(*shlex.split(command.partition("hpo.py ")[2]), "--final-seeds", 0, *fewer)
        assert done.exit_code == 0, done.output
    rates = {one["config"]["learning_rate"] for one in schedule}
    assert {row["config"]["learning_rate"] for row in rows_of(storage, "tuned-replay")} <= rates
    assert [row["iterations"] for row in rows_of(storage, "tuned-replay")] == [3] * 3
    assert not any("hyper/" in key for key in rows_of(storage, "tuned-replay")[0]["metrics"])
    (row,) = rows_of(storage, "tuned-2")
    assert row["config"] == {**schedule[-1]["config"], "learning_rate": max(rates)}


@pytest.mark.whole
def test_a_population_clones_what_was_tuned(storage, ray_cluster):
    result = run(
        storage, "bred", *DIGITS, "--hypergradient", "learning_rate", "--unroll", 5,
        "--searcher", "random", "--scheduler", "pbt", "--explore", "perturb", "--interval", 1,
        "--trials", 4, "--epochs", 4, "--final-seeds", 0,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert {row["outcome"] for row in rows_of(storage, "bred")} == {"completed"}
    lives = json.loads((storage / "bred" / "schedules.json").read_text())
    assert any(len(life) > 1 for life in lives.values())
    schedule = json.loads((storage / "bred" / "schedule.json").read_text())
    assert [(one["start"], one["end"]) for one in schedule] == [(e, e + 1) for e in range(4)]
    best = max(rows_of(storage, "bred"), key=lambda row: row["metrics"]["val_accuracy"])
    last = schedule[-1]["config"]["learning_rate"]
    assert last == pytest.approx(best["metrics"]["hyper/learning_rate"])


class Listening(RandomSearch):
    """Keeps how its trials ended, and where they had started."""

    def start(self):
        super().start()
        self.heard = []

    def tell(self, config, outcome):
        self.heard.append((config, outcome))


@pytest.mark.whole
def test_a_searcher_is_told_of_trials_that_tuned_themselves_as_of_any(ray_cluster, tmp_path):
    """It compares a trial's config with what it suggested: a changed one says nothing of it.

    Without Ray, quickly: tests/searchers/test_conformance.py.
    """
    searcher = Listening(SearcherSettings(SPACE, (Objective("val_accuracy"),), max_t=2))
    kwargs = {
        "space": SPACE, "dataset": "digits", "subset": 600, "epochs": 2,
        "hypergradients": HypergradientSettings(parse_tuned("learning_rate,weight_decay")),
    }  # fmt: skip
    results = tune.Tuner(
        bind(HypergradientClassifier, kwargs),
        param_space=SPACE.constants,
        tune_config=tune.TuneConfig(
            search_alg=searcher, num_samples=2, max_concurrent_trials=1, reuse_actors=True
        ),
        run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0),
    ).fit()
    assert not results.errors
    assert [outcome.verdict for _, outcome in searcher.heard] == ["completed"] * 2
    for config, outcome in searcher.heard:
        (result,) = [one for one in results if one.config["weight_decay"] == config["weight_decay"]]
        assert outcome.last["val_accuracy"] == result.metrics["val_accuracy"]
        assert result.metrics["hyper/learning_rate"] != pytest.approx(config["learning_rate"])
