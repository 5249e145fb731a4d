"""Files of trials on other data, as sources: what fits today's space, and what is said."""

import json

import pytest
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import PriorTrial, SearcherSettings
from automl_on_ray.studies.transfer import read_source

SPACE = SearchSpace(
    "today",
    training={
        "lr": tune.loguniform(1e-4, 1.0),
        "width": tune.randint(1, 65),
        "optimizer": tune.choice(["adam", "sgd"]),
        "momentum": tune.uniform(0.0, 1.0),
        "epochs": 3,
    },
    conditions={"momentum": Condition("optimizer", ("sgd",))},
)
SETTINGS = SearcherSettings(SPACE, (Objective("val_accuracy"),), max_t=9)


def written(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_a_file_is_a_source_of_its_name_and_says_what_does_not_fit(suffix, tmp_path, capsys):
    configs = [{"lr": 0.1, "depth": 3}, {"lr": 0.2, "depth": 4}, {"lr": 7.0, "depth": 5}]
    scores = [0.7, 0.8, 0.9]
    both = list(zip(configs, scores, strict=True))
    if suffix == "csv":
        rows = "".join(f"{c['lr']},{c['depth']},{score}\n" for c, score in both)
        text = f"params_lr,params_depth,value\n{rows}"
    else:
        text = json.dumps([{"config": c, "metrics": {"accuracy": score}} for c, score in both])
    source = read_source(written(tmp_path, f"last year.{suffix}", text), SETTINGS, 50)
    assert source.name == "last year"
    assert source.trials == (
        PriorTrial({"lr": 0.1}, {9: {"val_accuracy": 0.7}}),
        PriorTrial({"lr": 0.2}, {9: {"val_accuracy": 0.8}}),
    )
    said = " ".join(capsys.readouterr().out.split())
    assert "2 of 3 rows of" in said
    assert "1 outside the space (Config has lr=7.0" in said


def test_a_file_of_which_nothing_fits_is_refused_with_the_reason(tmp_path):
    path = written(tmp_path, "other.csv", "lr,accuracy\n7.0,0.5\n8.0,0.6\n")
    with pytest.raises(UserError, match=r"No row of .* fits space 'today', of 2; 2 outside .*lr=8"):
        read_source(path, SETTINGS, 50)


def test_of_a_long_file_the_best_rows_and_some_others_are_taken(tmp_path):
    rows = "".join(f"{0.1 + number / 1000},{number}\n" for number in range(200))
    path = written(tmp_path, "long.csv", f"params_lr,value\n{rows}")
    values = [
        next(iter(trial.curve.values()))["val_accuracy"]
        for trial in read_source(path, SETTINGS, 10).trials
    ]
    assert values[:5] == [199, 198, 197, 196, 195]
    assert len(values) == 10
