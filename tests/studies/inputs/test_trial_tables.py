"""Tables of trials as other tools write them: the same trials, whoever has named the columns."""

import pickle

import hypothesis.strategies as st
import numpy as np
import optuna
import pandas as pd
import pytest
from hypothesis import given, settings
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.inputs import read_results

SPACE = SearchSpace(
    "given",
    training={
        "lr": tune.loguniform(1e-5, 1.0),
        "units": tune.randint(8, 129),
        "drop": tune.quniform(0.0, 0.9, 0.1),
        "batch": tune.choice([32, 64, 128]),
        "optimizer": tune.choice(["adam", "sgd"]),
        "momentum": tune.uniform(0.0, 1.0),
        "clip": tune.choice([None, 0.5, 1.0]),
        "nesterov": tune.choice([True, False]),
        "betas": tune.choice([(0.9, 0.99), (0.5, 0.9)]),
    },
    conditions={"momentum": Condition("optimizer", ("sgd",))},
)
TOOLS = {
    "Optuna": ("params_", "value"), "Ray Tune": ("config/", "val_accuracy"),
    "MLflow": ("params.", "metrics.val_accuracy"), "Syne Tune": ("config_", "val_accuracy"),
    "Ax": ("", "accuracy"),
}  # fmt: skip


def written(folder, frame, suffix="csv"):
    path = folder / f"given.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    return path


def found(folder, frame, suffix="csv", metrics=("val_accuracy",)):
    return read_results(written(folder, frame, suffix), SPACE, metrics)


def trial(**columns):
    return {"params_lr": 0.1, "params_units": 9, "value": 0.5, **columns}


def values(table):
    return [metrics["val_accuracy"] for _, metrics in table.results]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([*TOOLS]), st.sampled_from(["csv", "parquet"]))
def test_configs_come_back_out_of_every_tools_table(tmp_path_factory, seed, tool, suffix):
    generator = np.random.default_rng(seed)
    configs = [SPACE.sample(generator) for _ in range(5)]
    before, metric = TOOLS[tool]
    rows = [{f"{before}{key}": value for key, value in config.items()} for config in configs]
    frame = pd.DataFrame(rows).assign(**{metric: np.arange(5) / 10})
    table = found(tmp_path_factory.mktemp("tables"), frame, suffix)
    assert [SPACE.active(config) for config, _ in table.results] == configs
    assert values(table) == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_of_an_optuna_study_the_trials_that_completed_count(tmp_path):
    def objective(trial):
        lr = trial.suggest_float("lr", 1e-5, 1.0, log=True)
        trial.suggest_categorical("batch", [32, 64, 128])
        if trial.number == 1:
            raise optuna.TrialPruned
        if trial.number == 2:
            raise ValueError
        return lr

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=6, catch=(ValueError,))
    table = found(tmp_path, study.trials_dataframe())
    done = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    assert [config for config, _ in table.results] == [trial.params for trial in done]
    assert values(table) == [trial.value for trial in done]
    assert table.remarks == ("2 not run to the end", "value is taken for val_accuracy")


def test_of_several_objectives_in_optuna_each_has_its_number_or_its_name(tmp_path):
    study = optuna.create_study(directions=["maximize", "minimize"])
    distribution = {"lr": optuna.distributions.FloatDistribution(1e-5, 1.0)}
    study.add_trial(
        optuna.trial.create_trial(params={"lr": 0.1}, distributions=distribution, values=[0.9, 7.0])
    )
    metrics = ["val_accuracy", "parameters"]
    wanted = [({"lr": 0.1}, {"val_accuracy": 0.9, "parameters": 7.0})]
    assert found(tmp_path, study.trials_dataframe(), metrics=metrics).results == wanted
    study.set_metric_names(["accuracy", "parameters"])
    assert found(tmp_path, study.trials_dataframe(), metrics=metrics).results == wanted


@pytest.mark.parametrize(
    ("column", "whole", "others"),
    [
        ("state", "COMPLETE", ["FAIL", "PRUNED", "RUNNING"]),
        ("status", "FINISHED", ["FAILED", "KILLED", "RUNNING"]),
        ("trial_status", "COMPLETED", ["FAILED", "ABANDONED", "EARLY_STOPPED"]),
        ("outcome", "completed", ["pruned", "failed", "infeasible", "stopped", None]),
        ("st_decision", "CONTINUE", ["STOP", "PAUSE"]),
        ("training_iteration", 9, [1, 3, 8]),
    ],
)
def test_only_trials_that_ran_to_their_end_count(column, whole, others, tmp_path):
    rows = [trial(value=0.0, **{column: whole}), *[trial(**{column: each}) for each in others]]
    table = found(tmp_path, pd.DataFrame(rows))
    assert values(table) == [0.0]
    assert table.rows == len(rows)
    assert table.remarks[0] == f"{len(others)} not run to the end"


def test_of_our_own_runs_in_mlflow_those_that_were_stopped_early_do_not_count(tmp_path):
    ends = ["completed", "pruned", None]  # the study's own run has none
    rows = [trial(status="FINISHED", **{"tags.automl.outcome": end}) for end in ends]
    assert len(found(tmp_path, pd.DataFrame(rows)).results) == 1


def test_where_a_row_is_a_report_the_last_one_of_each_trial_counts(tmp_path):
    ends = [(0, "CONTINUE", 0.1), (1, "CONTINUE", 0.2), (0, "CONTINUE", 0.3), (1, "STOP", 0.4)]
    rows = [trial(trial_id=name, st_decision=end, value=value) for name, end, value in ends]
    table = found(tmp_path, pd.DataFrame(rows))
    assert (values(table), table.rows) == ([0.3], 2)


def test_final_trainings_of_ours_are_no_trials_of_the_search(tmp_path):
    roles = ["trial", "final", "candidate"]
    rows = [trial(role=role, outcome="completed", value=v) for v, role in enumerate(roles)]
    assert values(found(tmp_path, pd.DataFrame(rows))) == [0, 2]


def test_of_our_own_runs_in_mlflow_trials_of_the_search_with_one_config_count(tmp_path):
    def run(value, role="trial", **more):
        tags = {"role": role, "outcome": "completed", **more}
        told = {f"tags.automl.{key}": text for key, text in tags.items()}
        return trial(value=value, status="FINISHED", **{"tags.pbt.generation": None, **told})

    rows = [run(0.0), *(run(0.9, role) for role in ("study", "final", "comparison"))]
    rows += [{**run(0.8), "tags.pbt.generation": "1"}, run(0.7, outcome="pruned"), run(0.1)]
    for suffix in ("csv", "parquet"):
        table = found(tmp_path, pd.DataFrame(rows), suffix)
        assert (values(table), table.rows) == ([0.0, 0.1], 4)
        assert "1 with another trial's checkpoint" in table.remarks


def test_a_metric_with_a_parameters_name_is_not_taken_for_it(tmp_path):
    """Ray Tune's tables hold what a trial reports beside config/lr."""
    rows = [{"config/lr": 0.1, "lr": 0.7, "units": 9, "accuracy": 0.5}]
    (one,) = found(tmp_path, pd.DataFrame(rows)).results
    assert one == ({"lr": 0.1}, {"val_accuracy": 0.5})


@pytest.mark.parametrize(
    ("cell", "value"),
    [("64", 64), (64.0, 64), (" 64 ", 64), (64.5, 64.5), ("many", "many"), (True, True)],
)
def test_a_cell_means_a_value_of_its_parameter_or_stays_as_it_is(cell, value, tmp_path):
    for key in ("batch", "units"):
        frame = pd.DataFrame([trial(**{f"params_{key}": cell})])
        ((config, _),) = found(tmp_path, frame, "parquet").results
        assert (config[key], type(config[key])) == (value, type(value))


def test_rows_without_a_finite_metric_are_counted(tmp_path):
    cells = [0.5, None, float("inf"), float("nan")]
    table = found(tmp_path, pd.DataFrame([trial(value=cell) for cell in cells]), "parquet")
    assert values(table) == [0.5]
    assert table.remarks[0] == "3 without val_accuracy"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"depth": 3, "accuracy": 0.5},
            "no column for any parameter of space 'given', such as",
        ),
        ({"lr": 0.1, "acuracy": 0.5}, "no column for metric 'val_accuracy'; beside parameters"),
        ({"lr": 0.1, "units": 9}, "it has none"),
    ],
)
def test_a_table_of_something_else_is_refused(columns, said, tmp_path):
    with pytest.raises(UserError, match=said) as refused:
        found(tmp_path, pd.DataFrame([columns]))
    assert "\n" not in str(refused.value)


class Evil:
    def __reduce__(self):
        return (open, ("evil", "w"))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_pickle_under_a_tables_name_is_refused_and_not_run(suffix, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"given.{suffix}"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UserError, match=str(path)):
        read_results(path, SPACE, ["val_accuracy"])
    assert not (tmp_path / "evil").exists()


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match=r"no table at .*none\.csv"):
        read_results(tmp_path / "none.csv", SPACE, ["val_accuracy"])
