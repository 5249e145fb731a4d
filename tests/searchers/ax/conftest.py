"""What all tests of Ax's models leave out."""

import pytest


@pytest.fixture(autouse=True)
def _no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """BoTorch has C++ compiled for several objectives: half a minute of a core on a new machine.

    It computes the same in PyTorch. One test, which CI runs, has it compiled.
    """
    monkeypatch.setattr("botorch.acquisition.multi_objective.logei._load_attempted", True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ax's search for its next config begins at fewer points, which halves what it costs.

    For tests of what the model is told and has learned, not of how well it searches.
    """
    monkeypatch.setattr("automl_on_ray.searchers.ax.model.RESTARTS", 4)
    monkeypatch.setattr("automl_on_ray.searchers.ax.model.RAW_SAMPLES", 128)
