"""What all tests of workflows need."""

import pytest


@pytest.fixture(autouse=True)
def _no_store_of_other_tests(monkeypatch):
    """`mlflow.set_tracking_uri` of a test before leaves its store in the environment."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
