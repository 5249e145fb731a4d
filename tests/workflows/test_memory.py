"""The estimate of a supernet's memory, and what is said when it does not fit."""

import re

import pytest
import torch

from search_spaces._cells import CELLS, OPERATIONS
from search_spaces._errors import UserError
from search_spaces._supernet import Supernet
from search_spaces.darts_supernet import SPACE
from trainables._supernet_memory import OF_WEIGHTS, step_bytes
from workflows._memory import check_memory

SIZE = {"image_shape": (3, 16, 16), "classes": 10, "operations": OPERATIONS, "layers": 3,
        "stem_stride": 1}  # fmt: skip


def test_the_estimate_is_what_autograd_really_keeps_or_somewhat_more():
    network = Supernet((3, 16, 16), 10, operations=OPERATIONS, channels=8, layers=3)
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    mixing = {cell: torch.zeros(14, 8).softmax(1).requires_grad_() for cell in CELLS}
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = network(torch.randn(16, 3, 16, 16), mixing)
    weights = sum(4 * weight.numel() for weight in network.parameters())
    assert output.requires_grad
    really = sum(kept.values()) + OF_WEIGHTS * weights
    assert 1.0 <= step_bytes(**SIZE, channels=8, batch_size=16) / really < 1.3


def test_what_fits_is_let_through():
    check_memory(SPACE, 8 * 2**30, channels=8, **SIZE)


def test_what_does_not_fit_is_refused_with_what_would():
    available = 500 * 2**20
    with pytest.raises(UserError) as refused:
        check_memory(SPACE, available, channels=64, **SIZE)
    text = str(refused.value)
    assert "\n" not in text
    channels = int(re.search(r"--search-channels (\d+)", text)[1])
    batch = int(re.search(r"batches of (\d+) in the space", text)[1])
    check_memory(SPACE, available, channels=channels, **SIZE)
    assert step_bytes(**SIZE, channels=channels + 1, batch_size=64) > available
    assert step_bytes(**SIZE, channels=64, batch_size=batch) <= available
    assert step_bytes(**SIZE, channels=64, batch_size=batch + 1) > available
