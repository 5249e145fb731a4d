import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.searchers.ax import process
from automl_on_ray.searchers.bayesian import Bayesian

SPACE = SearchSpace("line", training={"x": tune.uniform(0, 1)})


@pytest.fixture
def other_botorch(tmp_path, monkeypatch):
    """Ax's process gets one that lacks a name; this process has not imported any."""
    (tmp_path / "sitecustomize.py").write_text(
        "import botorch.fit\ndel botorch.fit._fit_fallback\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    process._server.cache_clear()
    yield
    process._server.cache_clear()


def test_an_ax_that_does_not_fit_is_refused_before_a_trial_is_begun(other_botorch):
    searcher = Bayesian(SearcherSettings(SPACE, (Objective("score"),)))
    with pytest.raises(
        UserError, match=r"does not fit automl-on-ray, which needs botorch\.fit:_fit"
    ):
        searcher.set_search_properties("score", "max", {})
    searcher.close()


def test_the_ax_that_is_here_is_ready_before_a_trial_is_begun():
    searcher = Bayesian(SearcherSettings(SPACE, (Objective("score"),)))
    assert searcher.set_search_properties("score", "max", {})
    assert searcher.model.pid()
    searcher.close()
