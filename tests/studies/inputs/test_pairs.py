"""Which schedulers go with which searchers."""

import pytest

from automl_on_ray.search_spaces.core import UserError, choices
from automl_on_ray.searchers import searcher_capabilities
from automl_on_ray.studies.inputs import check_pair


def test_a_scheduler_that_needs_all_configs_at_once_goes_with_no_searcher_that_learns():
    refused = set()
    for scheduler in choices("schedulers"):
        for searcher in choices("searchers"):
            try:
                check_pair(scheduler, searcher)
            except UserError:
                refused.add((scheduler, searcher))
    assert {("pb2", "bayesian"), ("pb2", "evolution")} <= refused
    assert refused == {
        ("pb2", name)
        for name in choices("searchers")
        if searcher_capabilities(name).learns_from_results
    }


def test_a_pair_is_refused_with_the_nearest_that_work():
    with pytest.raises(UserError) as caught:
        check_pair("pb2", "bayesian")
    assert str(caught.value) == (
        "--scheduler pb2 needs all configs before the first trial runs, but --searcher bayesian "
        "learns from results. The nearest that work: --scheduler pb2 --searcher sobol or "
        "--scheduler pbt --searcher bayesian."
    )
