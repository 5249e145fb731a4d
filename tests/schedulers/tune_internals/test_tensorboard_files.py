"""What TensorBoard reads of trials."""

import gc
import struct
import threading
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
from ray.tune.logger import TBXLoggerCallback
from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import masked_crc32c

from automl_on_ray.schedulers.tune_internals.tensorboard_files import one_event_a_result

RESULTS = [
    {"loss": 0.5, "val/a b": np.float32(0.25), "nested": {"count": 3}, "word": "no number"},
    {"loss": 1e-30, "val/a b": np.float32(1.0), "nested": {"count": 4}, "steps": [1.0, 2.0]},
    {"loss": float("nan"), "nested": {"count": 5}},
    {"word": "nothing to be drawn"},
]


class Trial(SimpleNamespace):
    __hash__ = object.__hash__

    def init_local_path(self):
        pass


def events(folder):
    """Those of the file in it, as TensorBoard reads them."""
    (path,) = folder.iterdir()
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        found.append(Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    return [event for event in found if event.summary.value]


@pytest.fixture
def logged(tmp_path):
    """Events of a trial's results, by Ray's writer and by ours."""

    def log(name, change):
        folder = tmp_path / name
        folder.mkdir()
        logger = TBXLoggerCallback()
        logger._summary_writer_cls = change(logger._summary_writer_cls)
        trial = Trial(local_path=str(folder), evaluated_params={"x": 0.5})
        for step, result in enumerate(RESULTS, 1):
            logger.log_trial_result(step, trial, {**result, "training_iteration": step})
        logger.log_trial_end(trial)
        return events(folder)

    return log("rays", lambda writer: writer), log("ours", one_event_a_result)


def test_values_are_those_of_rays_writer(logged):
    rays, ours = (
        sorted(
            (event.step, value.tag, value.SerializeToString(deterministic=True))
            for event in found
            for value in event.summary.value
            if value.tag.startswith("ray")
        )
        for found in logged
    )
    assert rays == ours
    assert len(ours) == 8


def test_numbers_of_a_result_are_one_event(logged):
    numbers = [event for event in logged[1] if event.summary.value[0].HasField("simple_value")]
    assert [event.step for event in numbers] == [1, 2, 3]


def test_the_file_of_an_ended_trial_is_held_by_nobody(tmp_path):
    writer = one_event_a_result(SummaryWriter)(str(tmp_path))
    held = weakref.ref(writer.file_writer)
    writer.add_scalar("loss", 0.5, global_step=1)
    writer.flush()
    writer.close()
    writer.close()
    gc.collect()
    assert held() is None
    assert len(events(tmp_path)) == 1


def test_a_result_is_in_the_file_as_soon_as_it_is_told_and_no_thread_is_begun(tmp_path):
    before = threading.active_count()
    writer = one_event_a_result(SummaryWriter)(str(tmp_path))
    for step in (1, 2):
        writer.add_scalar("loss", 0.5, global_step=step)
        writer.flush()
        assert len(events(tmp_path)) == step
    assert threading.active_count() == before
    writer.close()


def test_what_tensorboard_reads_has_the_checksums_of_its_format(tmp_path):
    writer = one_event_a_result(SummaryWriter)(str(tmp_path))
    writer.add_scalar("loss", 0.5, global_step=1)
    writer.flush()
    writer.close()
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        ends = 12 + length
        assert struct.unpack("<I", data[8:12]) == (masked_crc32c(data[:8]),)
        assert struct.unpack("<I", data[ends : ends + 4]) == (masked_crc32c(data[12:ends]),)
        data = data[ends + 4 :]
