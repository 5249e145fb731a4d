import subprocess
import sys
from pathlib import Path

import pytest
from ray.train._internal.storage import _FilesystemSyncer
from ray.tune.execution.tune_controller import TuneController

from automl_on_ray.schedulers.tune_internals.required_names import TUNE
from automl_on_ray.search_spaces.core import UserError

HPO = Path(__file__).parents[3] / "workflows" / "hpo.py"


def test_the_ray_that_is_here_has_all():
    TUNE.check()


def test_a_method_that_is_gone_is_named(monkeypatch):
    monkeypatch.delattr(TuneController, "_schedule_trial_stop")
    with pytest.raises(UserError, match=r"needs \S+:TuneController\._schedule_trial_stop\("):
        TUNE.check()


def test_a_patched_method_that_takes_something_else_is_named(monkeypatch):
    def _sync_up_command(self, local_path, uri, exclude=None, retries=3):
        """Ours would be given what it does not take."""

    monkeypatch.setattr(_FilesystemSyncer, "_sync_up_command", _sync_up_command)
    with pytest.raises(UserError, match=r"_FilesystemSyncer\._sync_up_command"):
        TUNE.check()


def test_a_patched_method_that_ray_does_not_call_any_more_is_named(monkeypatch):
    def sync_up(self, local_dir, remote_dir, exclude=None):
        return self._copy(local_dir, remote_dir)

    monkeypatch.setattr(_FilesystemSyncer, "sync_up", sync_up)
    with pytest.raises(UserError, match=r"sync_up -> _sync_up_command"):
        TUNE.check()


def test_a_command_ends_in_one_line_before_anything_is_started(tmp_path):
    gone = "_FilesystemSyncer"
    code = (
        "import runpy, sys, ray.tune, ray.train._internal.storage as inside\n"
        f"del inside.{gone}\n"
        f"sys.argv = ['hpo.py', '--name', 'one', '--storage', {str(tmp_path / 'runs')!r}]\n"
        f"runpy.run_path({str(HPO)!r}, run_name='__main__')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 2, ran.stderr
    assert ran.stderr.startswith("Error: ray ")
    assert gone in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
