"""Tables as users have them: refused in one line before anything starts, or handled and said."""

import itertools

import pytest
import ray

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.tables import AutomlSettings, prepare
from tests.helpers.odd_tables import HANDLED, REFUSED

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
    plan = planned(data, options)
    printed = capsys.readouterr().out.replace("│", " ")
    assert said in " ".join(printed.split())
    assert plan.data.kinds
    assert not ray.is_initialized()
