"""The shipped cluster files, filled in, and a doctor that looks at them."""

from pathlib import Path

import pytest
import yaml

from automl_on_ray.clusters.doctor import examine
from tests.clusters.files import filled

ROOT = Path(__file__).parents[3]
CONSTRAINTS = ROOT / "constraints.txt"


@pytest.fixture(autouse=True)
def root(monkeypatch):
    """Where `ray up` is run, in a shell that is ready for machines of one's own."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RAY_UP_enable_autoscaler_v2", "0")


@pytest.fixture
def aws():
    return filled.config("cluster.yaml", filled.AWS)


@pytest.fixture
def onprem():
    return filled.config("cluster-onprem.yaml", filled.ONPREM)


@pytest.fixture
def look(tmp_path):
    """What the doctor finds in a file that holds this."""

    def found(config):
        path = tmp_path / "cluster.yaml"
        path.write_text(yaml.safe_dump(config))
        return examine(path, CONSTRAINTS)[0]

    return found
