"""What all tests of Ax's models leave out."""

import pytest


@pytest.fixture(autouse=True)
def _no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """BoTorch has C++ compiled for several objectives: half a minute of a core on a new machine.

    It computes the same in PyTorch. One test, which CI runs, has it compiled.
    """
    monkeypatch.setattr("botorch.acquisition.multi_objective.logei._load_attempted", True)
