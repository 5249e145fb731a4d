"""The estimate of a supernet's memory, and what is said when it does not fit."""

import itertools
import re

import pytest
import torch

from automl_on_ray.search_spaces.cells import CELLS, OPERATIONS
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.darts_supernet import SPACE
from automl_on_ray.search_spaces.supernet import Supernet
from automl_on_ray.studies.architecture.memory import check_memory
from automl_on_ray.trainables.differentiable_search.memory_forecast import OF_WEIGHTS, step_bytes

SIZE = {"image_shape": (3, 16, 16), "classes": 10, "operations": OPERATIONS, "layers": 3,
        "stem_stride": 1}  # fmt: skip
FEW = {**SIZE, "operations": ("dil_conv_3x3",), "layers": 1}  # to look often takes long


@pytest.mark.parametrize("recompute", [False, True])
def test_the_estimate_is_what_a_step_really_takes_and_some_more(recompute):
    network = Supernet(
        (3, 16, 16), 10, operations=OPERATIONS, channels=8, layers=3, recompute=recompute
    )
    mixing = {cell: torch.zeros(14, 8).softmax(1).requires_grad_() for cell in CELLS}
    weights = list(network.parameters())
    images = torch.randn(16, 3, 16, 16)
    # What the allocator itself notes, as the estimate counts storages.
    cpu = torch.profiler.ProfilerActivity.CPU
    with torch.profiler.profile(activities=[cpu], profile_memory=True) as profile:
        torch.autograd.grad(network(images, mixing).sum(), [*weights, *mixing.values()])
    notes = [e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"]
    changes = [e.nbytes() for e in sorted(notes, key=lambda e: e.start_ns())]
    really = max(itertools.accumulate(changes)) + OF_WEIGHTS * sum(4 * w.numel() for w in weights)
    estimate = step_bytes(**SIZE, channels=8, batch_size=16, recompute=recompute)
    assert 1.0 <= estimate / really < 1.3


def test_what_fits_is_let_through():
    check_memory(SPACE, 8 * 2**30, channels=8, **FEW)


def test_what_does_not_fit_is_refused_with_what_would():
    available = 100 * 2**20
    with pytest.raises(UserError) as refused:
        check_memory(SPACE, available, channels=64, **FEW)
    text = str(refused.value)
    assert "\n" not in text
    channels = int(re.search(r"--search-channels (\d+)", text)[1])
    batch = int(re.search(r"batches of (\d+) in the space", text)[1])
    check_memory(SPACE, available, channels=channels, **FEW)
    assert step_bytes(**FEW, channels=channels + 1, batch_size=64) > available
    assert step_bytes(**FEW, channels=64, batch_size=batch) <= available
    assert step_bytes(**FEW, channels=64, batch_size=batch + 1) > available


def test_recomputing_is_named_where_it_would_do():
    size = {**FEW, "channels": 64}
    with_it = step_bytes(**size, batch_size=64, recompute=True)
    assert with_it < 0.9 * step_bytes(**size, batch_size=64)
    with pytest.raises(UserError, match="fit with --recompute or "):
        check_memory(SPACE, with_it, **size)
    check_memory(SPACE, with_it, **size, recompute=True)
    with pytest.raises(UserError) as refused:
        check_memory(SPACE, with_it - 1, **size, recompute=True)
    assert "--recompute" not in str(refused.value)
