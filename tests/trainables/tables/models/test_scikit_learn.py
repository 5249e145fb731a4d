"""Estimators are stored by skops, which brings nothing along that a fit does not need."""

import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer

from automl_on_ray.trainables.tables.models import dump, load

ROOT = Path(__file__).parents[4]


def test_a_process_that_fits_imports_skops_late_and_torch_never(tmp_path):
    script = """
import pathlib, sys
import automl_on_ray.trainables.tables.fitted
import automl_on_ray.trainables.users_own.estimator
from sklearn.linear_model import Ridge
assert "skops" not in sys.modules, "it takes over a second"
automl_on_ray.trainables.tables.models.dump(Ridge(), pathlib.Path(sys.argv[1]))
assert "skops" in sys.modules
assert "torch" not in sys.modules, "it takes seconds and half a gigabyte"
import torch
torch.zeros(1)
"""
    words = [sys.executable, "-c", script, str(tmp_path / "ridge")]
    subprocess.run(words, cwd=ROOT, check=True)


def test_only_named_types_are_read(tmp_path):
    dump(FunctionTransformer(Path), tmp_path / "odd")
    with pytest.raises(ValueError, match=r"holds pathlib.*Path, which no model here has"):
        load(tmp_path / "odd", ("sklearn.tree._tree.Tree",))
    dump(Ridge(alpha=3), tmp_path / "known")
    assert load(tmp_path / "known", ()).alpha == 3
