"""Fixtures that all rooms share."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import ray
from filelock import FileLock

# Each test has a Ray of its own; without a word, it would join that of another test.
os.environ["RAY_ADDRESS"] = "local"
# Some tests run at a time: with a thread for each core, all wait for each other's most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Ray lets trials wait for all other work of the machine; here that is other tests, and a trial that
# is to end within a time would fail.
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
# Nobody looks at what Ray's workers print; to look for their files all the time takes a while.
os.environ["LOG_NAME_UPDATE_INTERVAL_S"] = "60"
# Nor at what Ray tells of the machine's load every five seconds.
os.environ["REPORTER_UPDATE_INTERVAL_MS"] = "3600000"

WHOLE = "AUTOML_TEST_WHOLE"

# No test is judged by a clock. Each run draws other examples, so half as many as usual are enough.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=50)
hypothesis.settings.load_profile("quick")


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another key than the user's signs studies; copies of those in buckets lie elsewhere too."""
    home = tmp_path_factory.mktemp("home")
    os.environ["AUTOML_KEY_FILE"] = str(home / "key")
    os.environ["XDG_DATA_HOME"] = str(home / "data")


@pytest.fixture(autouse=True)
def _no_store_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mlflow.set_tracking_uri` of a test before leaves its store in the environment."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """One small Ray for all tests that need one in this process."""
    ray.init(num_cpus=2, num_gpus=0, include_dashboard=False, log_to_driver=False)
    # It reads the files of all workers ten times a second, and here tells nobody.
    ray._private.worker._global_node.kill_log_monitor()
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that MLflow has set up, to be copied: it takes seconds, so once for all processes.

    Nobody writes to it.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "template"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            from automl_on_ray.tracking.store import connect, default_uri

            made, copied = (tmp_path_factory.mktemp(name) for name in ("made", "copied"))
            connect(default_uri(made)).search_experiments()
            shutil.copy(made / "mlflow.db", copied)
            copied.rename(folder)
    return folder / "mlflow.db"


@pytest.fixture(scope="module")
def storage(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all studies of a file."""
    folder = tmp_path_factory.mktemp("studies") / "runs"
    folder.mkdir()
    shutil.copy(template, folder)
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the most slow tests first: a long one must not be the last at work."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])
    for item in items:
        if item.get_closest_marker("whole") and WHOLE not in os.environ:
            item.add_marker(pytest.mark.skip(f"CI runs it: {WHOLE}=1 make test ARGS='-m whole'"))
