"""A cache of its own for each test, and real MNIST where this machine can have it."""

import os
from pathlib import Path

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import mnist


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder; no data folder is named."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(folder))
    monkeypatch.delenv("AUTOML_DATA_DIR", raising=False)
    return folder


@pytest.fixture(scope="session")
def fetched_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that MNIST was really fetched into, from whatever source answers."""
    folder = tmp_path_factory.mktemp("fetched")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_CACHE_DIR", str(folder))
        try:
            mnist.load(folder)
        except UserError as error:
            pytest.skip(f"MNIST cannot be fetched here: {error}")
    return folder


@pytest.fixture
def shared_data() -> Path:
    """A folder with MNIST/raw and cifar10-small, named by AUTOML_TEST_DATA."""
    named = os.environ.get("AUTOML_TEST_DATA")
    if not named:
        pytest.skip("AUTOML_TEST_DATA names no folder with MNIST and cifar10-small")
    return Path(named)
