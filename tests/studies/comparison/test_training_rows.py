"""Comparisons by real training: recipes, rows, Kendall's tau, what the page says of them."""

import json

import pytest
from scipy.stats import kendalltau

from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.search_spaces.nas_bench_201 import SPACE as CELLS
from automl_on_ray.studies.comparison import CompareSettings
from automl_on_ray.studies.comparison.by_training import compare_by_training
from automl_on_ray.studies.comparison.by_training.checklist import Known, checklist
from automl_on_ray.studies.comparison.by_training.protocol import Trained
from automl_on_ray.studies.comparison.by_training.recipes import RetrainingRecipe, read_recipes
from automl_on_ray.studies.comparison.by_training.trained import (
    Retrained,
    Searched,
    kendall,
    read_row,
    row_as_dict,
)

GOAL = Objective("val_accuracy")
FOUND = Searched("evolution", 3, 1, {"x": 1}, (0.2, None, 0.5, 0.4), 1, 9, 12.5)
AGAIN = Retrained("long", {"x": 1}, 0, 0.75, 6, 3.5, 0.0)


def written(path, values):
    path.write_text(json.dumps(values))
    return str(path)


def test_without_a_recipe_all_is_left_as_it_was_found():
    assert read_recipes(None, SPACE, 7) == [RetrainingRecipe("as found", 7)]


def test_a_recipe_takes_the_place_of_what_was_found(tmp_path):
    files = [written(tmp_path / "short.json", {"batch_size": 64, "weight_decay": 0.5}),
             written(tmp_path / "long.json", {"epochs": 30})]  # fmt: skip
    short, long = read_recipes(",".join(files), SPACE, 7)
    assert (short.name, short.epochs, long.epochs, long.values) == ("short", 7, 30, {})
    assert short.config({"batch_size": 32, "width": 3})["batch_size"] == 64
    assert short.space(SPACE).constants["weight_decay"] == 0.5
    assert "weight_decay" not in short.space(SPACE).domains


@pytest.mark.parametrize(
    ("space", "values", "said"),
    [
        (CELLS, {"edge_0_1": "none"}, "is a part of the architecture"),
        (CELLS, {"channels": 4}, "is a part of the architecture"),
        (SPACE, {"batchsize": 4}, "Did you mean 'batch_size'"),
        (SPACE, {"epochs": "many"}, "must be a whole number"),
        (SPACE, {"epochs": 0}, "must be from 1"),
        (SPACE, [3], "must hold an object"),
        (SPACE, {"batch_size": [3]}, "must be a number, a text or a truth"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_in_a_line(space, values, said, tmp_path):
    with pytest.raises(UserError, match=said):
        read_recipes(written(tmp_path / "odd.json", values), space, 7)


def test_a_recipe_that_calls_for_what_was_not_searched_is_refused_before_any_search(tmp_path):
    """With that optimiser a config needs a momentum, which many that are found do not have."""
    conditional = {c.parent: c.values for c in SPACE.conditions.values()}
    if "optimizer" not in conditional:
        pytest.skip("the space has no such condition")
    file = written(tmp_path / "odd.json", {"optimizer": conditional["optimizer"][0]})
    with pytest.raises(UserError, match="does not suit all configs"):
        read_recipes(file, SPACE, 7)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"space": None}, "Give --table, --function, or a --space for real training"),
        ({"name": None}, "give it a --name, by which it can go on"),
        ({"storage": "s3://bucket/runs"}, "give one as --storage, no bucket"),
        ({"budgets": "4,8"}, "takes one number of trials as --budgets"),
        ({"pending": 2}, "neither --pending"),
        ({"reference": "1,2"}, "nor --reference"),
        ({"objective": "accuracy, -latency"}, "compares methods by one objective"),
        ({"method": ["evolution:popultion=3"]}, "Did you mean 'population'"),
        ({"name": "a/b"}, "a/b"),
        ({"space": "mnist-cn"}, "Did you mean 'mnist-cnn'"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_starts(asked, said, tmp_path):
    usual = {"space": "mnist-cnn", "name": "real", "storage": str(tmp_path), "dataset": "digits"}
    with pytest.raises(UserError) as refused:
        compare_by_training(CompareSettings(**{**usual, **asked}))
    assert said in str(refused.value)
    assert not [file for file in tmp_path.iterdir() if file.suffix != ".db"]


def test_recipes_of_one_name_and_files_that_are_no_json_are_refused(tmp_path):
    (tmp_path / "sub").mkdir()
    files = [written(folder / "long.json", {}) for folder in (tmp_path, tmp_path / "sub")]
    with pytest.raises(UserError, match="two files alike"):
        read_recipes(",".join(files), SPACE, 7)
    with pytest.raises(UserError, match="cannot be read"):
        read_recipes(str(tmp_path / "missing.json"), SPACE, 7)


@pytest.mark.parametrize("row", [FOUND, AGAIN])
def test_a_row_is_read_as_it_was_written(row):
    assert read_row(json.loads(json.dumps(row_as_dict(row)))) == row


@pytest.mark.parametrize(
    "change",
    [{"kind": "other"}, {"config": 3}, {"scores": ["x"]}, {"seed": "1"}, {"more": 1}],
)
def test_an_odd_row_is_refused(change):
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_row({**row_as_dict(FOUND), **change})


def test_the_best_so_far_is_kept_as_a_run_is():
    found = FOUND.run(GOAL)
    assert [(one.evaluations, one.values) for one in found.found] == [(1, (0.2,)), (3, (0.5,))]
    assert FOUND.best(GOAL) == 0.5
    assert FOUND.best(Objective("loss", "min")) == 0.2


@pytest.mark.parametrize(
    "values",
    [([1, 2, 3, 4], [1, 3, 2, 4]), ([1, 1, 2, 3], [4, 3, 3, 1]), ([0.1, 0.5, 0.2], [3, 3, 9])],
)
def test_kendalls_tau_is_scipys(values):
    assert kendall(*values) == pytest.approx(kendalltau(*values).statistic)


def trained():
    asked = CompareSettings(space="mnist-cnn", method=["evolution"], seeds=2, retrain=2)
    rows = []
    for method, lead in (("random", 0.0), ("evolution", 0.1)):
        for seed in (0, 1):
            config = {"x": f"{method} {seed}"}
            score = 0.5 + lead + 0.02 * seed
            rows.append(Searched(method, 16, seed, config, (score - 0.1, score), 0, 8, 60.0))
            rows += [
                Retrained("as found", config, n, score + 0.01 * n, 4, 90.0, 0.5) for n in (0, 1)
            ]
    return Trained(asked, GOAL, [RetrainingRecipe("as found", 4)], rows)


def test_methods_are_compared_by_the_means_of_their_retrainings():
    finals, searches, taus, ledger, _ = trained().tables()
    assert finals.rows[0][:2] == ["random", "2"]
    assert finals.rows[1][2].startswith("0.6150 ± ")
    assert finals.rows[1][3] == "+0.1000 [+0.1000, +0.1000]"
    assert searches.rows[1][2].startswith("0.6100")
    assert taus.rows == [["as found", "4", "+1.00"]]
    assert ledger.rows[0] == ["random", "4", "16", "120", "4", "16", "360", "0.07"]
    assert dict(trained().metrics())["test_accuracy/as found/random"] == pytest.approx(0.515)


def test_a_training_that_failed_does_not_count_as_a_score():
    own = trained()
    own.retrained[0] = Retrained("as found", own.searches[0].config, 0, None, 0, 0.0, 0.5)
    assert own.final(own.searches[0], "as found") == pytest.approx(0.51)


def test_the_checklist_answers_what_is_known_and_leaves_the_rest_open():
    known = Known("random", ["random", "local"], range(3), 2, ["long"], "digits", "mnist-cnn",
                  "ray 2", True)  # fmt: skip
    answers = {asked: answer for asked, answer, _ in checklist(known)}
    assert len(answers) == 17
    assert set(answers.values()) == {"yes", "fill in"}
    assert answers["Random search is beside them"] == "yes"
    alone = Known("local", ["local"], range(1), 2, ["long"], "digits", "mnist-cnn", "ray 2", False)
    answers = {asked: answer for asked, answer, _ in checklist(alone)}
    for asked in ("Random search is beside them", "Several runs, with their seeds",
                  "Same number of trials and epochs for all"):  # fmt: skip
        assert answers[asked] == "no"
    assert all(told for _, _, told in checklist(alone))
