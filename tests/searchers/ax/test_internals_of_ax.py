import functools
import re

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.searchers.ax import process
from automl_on_ray.searchers.ax.remote_model import _known_to_do
from automl_on_ray.searchers.bayesian import Bayesian
from automl_on_ray.studies.begin import begun
from automl_on_ray.studies.hpo import HpoSettings, prepare

SPACE = SearchSpace("line", training={"x": tune.uniform(0, 1)})


@pytest.fixture
def nothing_known(tmp_path, monkeypatch):
    """A machine on which no Ax has done yet."""
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path))
    _known_to_do.cache_clear()
    yield
    _known_to_do.cache_clear()


def test_an_ax_is_waited_for_once_a_machine_before_a_trial_is_begun(nothing_known):
    for begun_before in (False, True):
        searcher = Bayesian(SearcherSettings(SPACE, (Objective("score"),)))
        assert searcher.set_search_properties("score", "max", {})
        assert searcher.model.has_process is not begun_before
        assert searcher.suggest("first")
        assert searcher.model.has_process is not begun_before
        searcher.on_trial_result("first", {"score": 1.0, "training_iteration": 1})
        assert searcher.model.has_process
        searcher.close()


@pytest.fixture(scope="module")
def other_botorch(tmp_path_factory):
    """Ax's process, another than other tests have, gets one that lacks a name.

    This process has not imported any.
    """
    folder = tmp_path_factory.mktemp("botorch")
    (folder / "sitecustomize.py").write_text("import botorch.fit\ndel botorch.fit._fit_fallback\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setattr(process, "_server", functools.cache(process._server.__wrapped__))
        yield r"does not fit automl-on-ray, which needs botorch\.fit:_fit"
        with process._server()[0] as server:
            server.kill()


def test_an_ax_that_does_not_fit_is_refused_before_a_trial_is_begun(other_botorch, nothing_known):
    searcher = Bayesian(SearcherSettings(SPACE, (Objective("score"),)))
    with pytest.raises(UserError, match=other_botorch):
        searcher.set_search_properties("score", "max", {})
    searcher.close()


def test_so_it_is_before_ray_is_started(
    other_botorch, nothing_known, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("automl_on_ray.studies.begin.start_ray", lambda *_, **__: 1 / 0)
    asked = HpoSettings(
        trainable="tests.helpers.crashing:Steady", space="tests.helpers.crashing:SPACE",
        objective="score", searcher="bayesian", storage=str(tmp_path), name="unfit",
    )  # fmt: skip
    with pytest.raises(SystemExit) as ended, begun(prepare, asked):
        raise AssertionError("it has begun")
    assert ended.value.code == 2
    assert re.search(other_botorch, " ".join(capsys.readouterr().err.split()))
