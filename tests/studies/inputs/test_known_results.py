"""Results that are known beforehand, out of JSON and tables: what counts, and what is refused."""

import json

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.inputs import read_known, read_results

SPACE = SearchSpace(
    "given",
    training={
        "opt": {"lr": tune.uniform(0, 1), "betas": tune.choice([(0.9, 0.99), (0.5, 0.9)])},
        "kind": tune.choice([int, float]),
        "fixed": 3,
    },
)
MEMBER = {"opt": {"lr": 0.5, "betas": [0.9, 0.99]}, "kind": "builtins.int"}
FLAT = {"opt/lr": 0.5, "opt/betas": "(0.9, 0.99)", "kind": "builtins.int"}


def written(folder, entries):
    (folder / "given.json").write_text(json.dumps(entries))
    return folder / "given.json"


def known(folder, *entries, metrics=("val_accuracy",)):
    return read_known([str(written(folder, entries))], SPACE, 4, metrics)


@pytest.mark.parametrize("name", ["accuracy", "val_accuracy"])
def test_a_metric_is_named_as_in_an_objective_and_others_are_left_out(name, tmp_path):
    (one,) = known(tmp_path, {"config": MEMBER, "metrics": {name: 1, "note": "a good one"}})
    assert one.config == FLAT
    assert one.curve == {4: {"val_accuracy": 1.0}}


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({}, "has no metric 'val_accuracy', none"),
        ({"loss": 1.0}, "has no metric 'val_accuracy', only loss"),
        *[
            ({"val_accuracy": value}, "must be a finite number")
            for value in ("0.9", None, True, [0.9], {}, float("nan"), float("-inf"), 10**400)
        ],
    ],
)
def test_what_is_no_result_is_refused_with_its_entry(metrics, said, tmp_path):
    good = {"config": MEMBER, "metrics": {"accuracy": 0.9}}
    with pytest.raises(UserError, match=rf"given.json, entry 2.*{said}"):
        known(tmp_path, good, {"config": MEMBER, "metrics": metrics})


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"config": MEMBER}, "must be"),
        ({"config": MEMBER, "metrics": 3}, "must be"),
        ({"config": [1], "metrics": {"accuracy": 1}}, "must be a JSON object"),
        ({"config": {**FLAT, "kind": "str"}, "metrics": {"accuracy": 1}}, "outside"),
        ({"config": {**FLAT, "fixed": 4}, "metrics": {"accuracy": 1}}, "but the space has 3"),
    ],
)
def test_what_is_no_entry_or_no_member_is_refused(entry, said, tmp_path):
    with pytest.raises(UserError, match=rf"entry 1.*{said}"):
        known(tmp_path, entry)


def table(folder, text):
    (folder / "given.csv").write_text(text)
    return str(folder / "given.csv")


ROWS = """lr,betas,kind,fixed,val_accuracy
0.5,"(0.9, 0.99)",builtins.int,3,0.9
0.5,"(0.9, 0.99)",builtins.int,4,0.8
2.0,"(0.9, 0.99)",builtins.int,3,0.7
0.5,"(0.9, 0.99)",builtins.str,3,0.6
0.5,,builtins.int,3,0.6
0.5,"(0.9, 0.99)",builtins.int,3,
""".replace("lr,betas", "opt/lr,opt/betas")


def test_rows_of_a_table_that_are_members_are_known_and_others_are_counted(tmp_path, capsys):
    (one,) = read_known([table(tmp_path, ROWS)], SPACE, 4, ["val_accuracy"])
    assert (one.config, one.curve) == (FLAT, {4: {"val_accuracy": 0.9}})
    said = " ".join(capsys.readouterr().out.split())
    assert "Known to the searcher: 1 of 6 rows" in said
    assert "1 without val_accuracy; 4 outside the space (Config lacks 'opt/betas'" in said


def test_a_table_without_a_member_is_refused_with_the_reason(tmp_path):
    lines = ROWS.splitlines()
    path = table(tmp_path, f"{lines[0]}\n{lines[3]}\n{lines[6]}\n")
    said = r"1 without val_accuracy; 1 outside the space \(Config has opt/lr=2.0, outside"
    with pytest.raises(UserError, match=f"No row of .* can be learned from, of 2; {said}"):
        read_known([path], SPACE, 4, ["val_accuracy"])


def test_rows_that_break_a_constraint_of_the_space_are_left_out(tmp_path):
    space = SearchSpace(
        "bound",
        training={"a": tune.uniform(0, 1), "b": tune.uniform(0, 1)},
        constraints=("a + b <= 1",),
    )
    path = table(tmp_path, "a,b,loss\n0.5,0.4,1\n0.5,0.6,2\n")
    (one,) = read_known([path], space, 4, ["loss"])
    assert one.config == {"a": 0.5, "b": 0.4}


def test_several_files_add_up_in_their_order(tmp_path):
    entries = [{"config": MEMBER, "metrics": {"accuracy": 0.1}}]
    both = [str(written(tmp_path, entries)), table(tmp_path, ROWS)]
    found = read_known(both, SPACE, 4, ["val_accuracy"])
    assert [one.curve[4]["val_accuracy"] for one in found] == [0.1, 0.9]
    assert read_known(None, SPACE, 4, ["val_accuracy"]) == ()


@pytest.mark.parametrize("config", [None, [1], "lr=0.1", 3])
def test_a_config_that_is_no_object_is_refused_whatever_the_space(config, tmp_path):
    path = written(tmp_path, [{"config": config, "metrics": {"accuracy": 0.1}}])
    with pytest.raises(UserError, match="entry 1: a config must be a JSON object, but is"):
        read_results(path, SPACE, ["val_accuracy"])


def test_results_of_another_space_are_read_as_they_are(tmp_path):
    foreign = {"config": {"depth": 3}, "metrics": {"accuracy": 0.1}}
    found = read_results(written(tmp_path, [foreign]), SPACE, ["val_accuracy"])
    assert found.results == [({"depth": 3}, {"val_accuracy": 0.1})]
