"""Checkpoints that were torn: trials go on from the ones before them."""

import json
import os
import sys
from pathlib import Path

import pytest
import torch
from pyarrow.fs import FileSystem
from ray import cloudpickle, tune

from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.schedulers.tune_internals.checkpoint_fallback import readable
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.searchers.random_search import create as random_search
from tests.bucket import Bucket
from tests.schedulers.populations.growing import EPOCHS, SPACE, Growing, gain


@pytest.mark.parametrize("left", [0, 10, 400])
def test_an_archive_that_was_cut_is_not_readable(tmp_path, left):
    checkpoint = tune.Checkpoint.from_directory(str(tmp_path))
    assert not readable(checkpoint)  # nothing is there yet
    torch.save({"weights": torch.zeros(100)}, tmp_path / "state.pt")
    assert readable(checkpoint)
    os.truncate(tmp_path / "state.pt", left)
    assert not readable(checkpoint)


def test_a_checkpoint_with_a_name_that_leads_out_of_it_is_not_readable():
    """Ray would fetch that object to wherever its name leads."""
    with Bucket("checkpoints") as bucket:
        files = FileSystem.from_uri("s3://checkpoints")[0]
        checkpoint = tune.Checkpoint("checkpoints/a", filesystem=files)
        bucket.client.put_object(Bucket=bucket.name, Key="a/state.json", Body=b"{}")
        assert readable(checkpoint)
        bucket.client.put_object(Bucket=bucket.name, Key="a/../../../.bashrc", Body=b"evil")
        assert not readable(checkpoint)


def test_an_empty_file_is_torn_unless_all_checkpoints_have_it(tmp_path):
    checkpoints = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state.json").write_text("{}")
        (tmp_path / name / "_SUCCESS").touch()
        checkpoints.append(tune.Checkpoint.from_directory(str(tmp_path / name)))
    assert readable(checkpoints[1], checkpoints)
    os.truncate(tmp_path / "second" / "state.json", 0)
    assert not readable(checkpoints[1], checkpoints)
    assert not readable(checkpoints[1])  # nothing is left in it


def test_what_torch_wrote_in_its_old_way_is_readable(tmp_path):
    torch.save({"a": 1}, tmp_path / "state.pt", _use_new_zipfile_serialization=False)
    assert readable(tune.Checkpoint.from_directory(str(tmp_path)))


cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test


class TornOnce(Growing):
    """Cuts its newest checkpoint and dies, once, in its sixth epoch."""

    def step(self):
        newest = sorted(self.root.glob("study/*/checkpoint_*/state.json"))
        if self.epoch == 5 and not (self.root / "torn").exists():
            (self.root / "torn").write_text(str(newest[-1]))
            os.truncate(newest[-1], 0)
            os._exit(1)
        return super().step()


def test_a_trial_whose_newest_checkpoint_is_torn_ends_as_if_it_had_not_been(ray_cluster, tmp_path):
    class Torn(TornOnce):
        root = tmp_path

    results = tune.Tuner(
        Torn,
        tune_config=tune.TuneConfig(
            search_alg=random_search(SearcherSettings(SPACE, (Objective("score"),), samples=1)),
            scheduler=ResumableScheduler(tune.schedulers.FIFOScheduler()), num_samples=1,
        ),
        run_config=tune.RunConfig(
            name="study", storage_path=str(tmp_path), verbose=0,
            checkpoint_config=tune.CheckpointConfig(num_to_keep=3, checkpoint_frequency=1),
            failure_config=tune.FailureConfig(max_failures=1),
        ),
    ).fit()  # fmt: skip
    assert not results.errors
    assert (tmp_path / "torn").exists()
    lines = (Path(results[0].path) / "result.json").read_text().splitlines()
    epochs = [json.loads(line)["epoch"] for line in lines]  # Ray may lose the last before a crash
    assert epochs.count(1) == 1  # not from the beginning
    assert epochs[-8:] == list(range(5, EPOCHS + 1))  # but from the checkpoint after the fourth
    score = sum(gain(results[0].config, epoch) for epoch in range(EPOCHS))
    assert results[0].metrics["score"] == pytest.approx(score)
