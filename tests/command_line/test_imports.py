"""What a process imports before it works: each start of a driver or a worker pays for it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKER = (
    "from automl_on_ray.trainables.datasets._dataset import load_dataset; load_dataset('digits')"
)


def imported(code, cache):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"], cwd=ROOT, check=True,
        env={**os.environ, "AUTOML_CACHE_DIR": str(cache)}, capture_output=True, text=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_a_workflow_imports_nothing_slow_that_it_may_never_need(tmp_path):
    found = imported("from automl_on_ray.workflows import hpo, nas", tmp_path)
    assert not found & {"scipy.stats", "matplotlib.pyplot", "sklearn", "mlflow", "ax"}


def test_a_trainable_of_ones_own_brings_none_of_our_libraries_to_its_workers(tmp_path):
    found = imported("import docs.own_trainable", tmp_path)
    assert not found & {"torch", "mlflow", "ax"}


def test_digits_need_scikit_learn_once_a_machine(tmp_path):
    assert "sklearn" in imported(WORKER, tmp_path)
    assert "sklearn" not in imported(WORKER, tmp_path)
