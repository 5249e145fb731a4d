"""Tables as users have them: refused in one line before anything starts, or handled and said."""

import itertools

import pytest
import ray

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.tables import AutomlSettings, prepare
from tests.helpers.odd_tables import HANDLED, REFUSED, ROWS, csv_of, usual

NAMES = (f"odd-{number}" for number in itertools.count())


@pytest.fixture
def planned(storage, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))

    def plan(data, options):
        path = tmp_path / ("table.parquet" if (data or b"").startswith(b"PAR1") else "table.csv")
        if data is not None:
            path.write_bytes(data)
        usual = {"target": "left", "storage": str(storage), "name": next(NAMES)}
        made = prepare(AutomlSettings(dataset=str(path), **{**usual, **options}))
        with made.study:
            return made

    return plan


@pytest.mark.parametrize("odd", REFUSED)
def test_what_cannot_be_learned_from_is_refused_in_a_line(odd, planned, storage):
    data, options, said = REFUSED[odd]
    before, started = set(storage.iterdir()), ray.is_initialized()
    with pytest.raises(UserError) as refused:
        planned(data, options)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert set(storage.iterdir()) == before
    assert ray.is_initialized() == started


@pytest.mark.parametrize("odd", HANDLED)
def test_what_is_handled_is_said_before_anything_starts(odd, planned, capsys):
    data, options, said = HANDLED[odd]
    started = ray.is_initialized()
    plan = planned(data, options)
    printed = capsys.readouterr().out.replace("│", " ")
    assert said in " ".join(printed.split())
    assert plan.data.kinds
    assert ray.is_initialized() == started


def test_of_many_columns_the_first_are_named_and_the_others_counted(planned, capsys):
    columns = {f"empty_{number}": None for number in range(20)}
    columns |= {f"text_{number}": [f"{number} {row}" for row in range(ROWS)] for number in (1, 2)}
    numbers = {f"x_{number}": usual(seed=number).age for number in range(1, 31)}
    frame = usual().assign(**columns, **numbers)
    frame.loc[:59, "x_30"] = None
    planned(csv_of(frame), {})
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "numbers 31: x_30 (" in told  # the one with missing values comes first
    assert "and 19 more categories" in told
    assert "empty_0, empty_1" in told
    assert "and 8 more: all of its values are missing" in told
