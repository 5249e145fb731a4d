"""What all tests of searchers leave out."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def _quick_model() -> Iterator[None]:
    """That Ax searches well for its next config: see `quick` of the tests of its model in ax/."""
    with pytest.MonkeyPatch.context() as patch:
        model = "tests.searchers.ax.quick_model:AxModel"
        patch.setattr("automl_on_ray.searchers.bayesian.MODEL", model)
        yield
