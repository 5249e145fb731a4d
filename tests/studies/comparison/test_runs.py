"""Runs of searchers on a table or function: order of results, budgets, failures, records."""

import json
from types import MappingProxyType

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.comparison import CompareSettings
from automl_on_ray.studies.comparison.processes import completed
from automl_on_ray.studies.comparison.record import opened
from automl_on_ray.studies.comparison.runs import Found, Run, Task, run
from automl_on_ray.studies.comparison.study import conclude, source_of
from automl_on_ray.studies.comparison.yardstick import Source
from tests.studies.comparison.cells_table import write_table

LINE = "tests.studies.comparison.line"


def on(function, objective="score"):
    return Source(None, "cifar10", f"{LINE}:{function}", f"{LINE}:SPACE", objective)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("table") / "cells.parquet")


@pytest.mark.parametrize("method", ["random", "local", "evolution", "reinforce:training=ppo"])
@pytest.mark.parametrize("pending", [1, 8])
def test_a_run_spends_its_budget_and_keeps_each_new_best(table, method, pending):
    cells = Source(str(table), "cifar10", None, None, "accuracy").open()
    found = run(cells, Task(method, 60, 10_000), pending)
    assert found == Run(**{**vars(run(cells, Task(method, 60, 10_000), pending)),
                           "seconds": found.seconds})  # fmt: skip
    assert (found.evaluated, found.failed, found.error) == (60, 0, "")
    best = [one.values[0] for one in found.found]
    assert best == sorted(set(best))
    assert best[-1] >= 3
    assert all(one.test == 90.0 - one.values[0] for one in found.found)


def test_several_at_once_take_less_time_on_the_virtual_clock(table):
    cells = Source(str(table), "cifar10", None, None, "accuracy").open()
    one, eight = (run(cells, Task("random", 60, 10_000), pending) for pending in (1, 8))
    assert one.clock / 9 < eight.clock < one.clock / 6


def test_a_failed_evaluation_counts_and_ends_nothing():
    found = run(on("fails_below_ten").open(), Task("evolution", 40, 10_000), 2)
    assert found.evaluated == 40
    assert 0 < found.failed < 20
    assert found.found[-1].values[0] >= -3


def test_with_several_objectives_the_front_is_kept():
    found = run(on("fails_below_ten", "score, -cost").open(), Task("random", 40, 10_000), 1)
    values = [one.values for one in found.found]
    assert len(set(values)) == len(values)
    assert all(y <= -10 for _, y in values)


def concluded(asked, methods=("random", "own"), **given):
    """Of runs on `asked`, whose found values are told; and the notes under the tables."""
    settings = CompareSettings(method=["own"], seeds=2, budgets="4", **asked, **given)
    yardstick = source_of(settings).open()
    ways = len(yardstick.objectives)
    runs = [
        Run(name, 4, seed, 4, 3 * place, (Found(2, (-1.0,) * ways, None),
                                          Found(4, (0.5 * place,) * ways, None)))
        for place, name in enumerate(methods) for seed in (0, 1)
    ]  # fmt: skip
    findings, metrics = conclude(settings, yardstick, runs, "name")
    return findings, metrics, " ".join(findings.notes)


def test_a_comparison_on_a_function_tells_how_it_was_counted():
    function = {"function": f"{LINE}:score", "space": f"{LINE}:SPACE", "objective": "score"}
    findings, metrics, notes = concluded(function, pending=2)
    assert findings.title.endswith(": score")
    assert findings.about.startswith("Seeds 0 to 1. ")
    assert metrics == {"regret/4/random": 0.5, "regret/4/own": 0.0}
    assert [table.title for table in findings.tables] == [
        "regret after 4 evaluations", "cost of 4 evaluations",
    ]  # fmt: skip
    assert "below the best that any run found" in notes
    assert "6 evaluations failed" in notes
    assert "2 evaluations at once, each told when it ends, in the order they began" in notes
    assert not {"Test", "Found", "Hours"} & {note.split()[0] for note in findings.notes}
    assert findings.svg
    assert findings.png


def test_a_comparison_by_several_objectives_tells_the_point_that_volumes_are_from():
    function = {"function": f"{LINE}:fails_below_ten", "space": f"{LINE}:SPACE"}
    _, metrics, notes = concluded(function, objective="score, -cost", reference="-2,40")
    assert set(metrics) == {"hypervolume/4/random", "hypervolume/4/own"}
    assert "front of all that was found, from the point (-2, 40)" in notes
    assert "Regret" not in notes
    assert "at once" not in notes


@pytest.mark.parametrize(("reference", "signs"), [("1", [1]), ("1,2,3", [1, 1]), ("1,x", [1, 1])])
def test_a_reference_has_a_number_for_each_of_several_objectives(reference, signs):
    with pytest.raises(UserError, match="--reference takes a number for each of several"):
        CompareSettings(reference=reference).reference_of(signs)
    assert CompareSettings(reference="1,2").reference_of([1, -1]) == [1.0, -2.0]
    assert CompareSettings().reference_of([1]) is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Source("a.parquet", "cifar10", "b:c", None, "accuracy"), "either --table or --function"),
        (Source(None, "cifar10", None, None, "accuracy"), "either --table or --function"),
        (Source("a.parquet", "cifar10", None, "mnist-cnn", "accuracy"), "leave --space out"),
        (Source(None, "cifar10", f"{LINE}:score", None, "score"), "needs a --space"),
        (Source(None, "cifar10", f"{LINE}:SPACE", f"{LINE}:SPACE", "score"), "must be a function"),
    ],
)
def test_what_methods_are_compared_on_is_checked(source, said):
    with pytest.raises(UserError, match=said):
        source.open()


@pytest.mark.slow
def test_processes_run_what_this_process_would():
    source = on("fails_below_ten")
    tasks = [Task("evolution", 30, seed) for seed in range(10_000, 10_006)]
    found = {one.seed: one.found for one in completed(source, tasks, 2, 2)}
    assert found == {one.seed: run(source.open(), one, 2).found for one in tasks}


ROW = Run("evolution", 10, 3, 10, 0, (Found(2, (1.5, -2.0), None),), 12.5, 0.01)


def test_a_record_goes_on_where_it_ended_and_drops_half_a_line(tmp_path):
    with opened(tmp_path / "mine", {"on": "this"}, Run.of) as record:
        record.add(ROW, ROW.as_dict())
        record.add(ROW, ROW.as_dict())
        own = record.comparison_id
    path = tmp_path / "mine" / "runs.jsonl"
    path.write_text(path.read_text()[:-30])  # killed while it wrote
    with opened(tmp_path / "mine", {"on": "this"}, Run.of) as record:
        assert record.rows == [ROW]
        assert record.comparison_id == own
        record.add(ROW, ROW.as_dict())
    assert len(path.read_text().splitlines()) == 2


def refuse(folder, said, asked=MappingProxyType({"on": "this"})):
    with pytest.raises(UserError, match=said), opened(folder, dict(asked), Run.of):
        pass


def test_another_comparison_and_one_that_runs_are_refused(tmp_path):
    with opened(tmp_path / "mine", {"on": "this"}, Run.of):
        refuse(tmp_path / "mine", "runs already")
    refuse(tmp_path / "mine", "'this', but is now asked with 'that'", {"on": "that"})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "study.json").write_text("{}")
    refuse(tmp_path / "other", "has other files")


@pytest.mark.parametrize(
    "change",
    [
        {"seed": "3"}, {"seed": None}, {"found": [[1, 2]]}, {"found": 3}, {"more": 1},
        {"found": [{"evaluations": 1, "values": ["x"], "test": None}]},
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_is_refused_with_its_number(tmp_path, change):
    with opened(tmp_path / "mine", {"on": "this"}, Run.of) as record:
        record.add(ROW, ROW.as_dict())
    path = tmp_path / "mine" / "runs.jsonl"
    path.write_text(path.read_text() + json.dumps({**ROW.as_dict(), **change}) + "\n")
    refuse(tmp_path / "mine", "runs.jsonl, line 2 is no row")
