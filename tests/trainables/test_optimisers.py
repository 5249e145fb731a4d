"""Our optimisers go as torch's do, and load no compiler."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from automl_on_ray.trainables._optimisation import SGD, Adam, AdamW

ROOT = Path(__file__).parents[2]
OURS_AND_TORCHS = {
    "sgd": (SGD, torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "adam": (Adam, torch.optim.Adam, {"betas": (0.8, 0.9), "weight_decay": 0.1}),
    "adamw": (AdamW, torch.optim.AdamW, {"weight_decay": 0.1}),
}
EACH = pytest.mark.parametrize("name", OURS_AND_TORCHS)
IN_A_PROCESS = """
import sys, tempfile
from tests.trainables.classifying import ADAMW, trial
for _ in range(2):
    one = trial(ADAMW, epochs=2)
    one.train()
    one.restore(one.save(tempfile.mkdtemp()))
    one.train()
    one.reset(dict(ADAMW))
assert not {"torch._dynamo", "sympy"} & set(sys.modules)
"""


def learned(kind, fused, settings, *, half_way=None):
    """Weights after twenty steps; the last ten are those of an optimiser restored."""
    torch.manual_seed(0)
    network, images = nn.Linear(3, 2), torch.randn(8, 3)
    optimizer = kind(network.parameters(), lr=0.1, fused=fused, **settings)
    for step in range(20):
        if half_way and step == 10:
            state = optimizer.state_dict()
            optimizer = half_way(network.parameters(), lr=0.1, fused=fused, **settings)
            optimizer.load_state_dict(state)
        optimizer.zero_grad()
        network(images).square().sum().backward()
        optimizer.step()
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


@EACH
@pytest.mark.parametrize("fused", [True, False])
def test_steps_are_those_of_torch_bit_by_bit(name, fused):
    ours, torchs, settings = OURS_AND_TORCHS[name]
    assert torch.equal(learned(ours, fused, settings), learned(torchs, fused, settings))


@EACH
def test_a_state_goes_from_torchs_to_ours(name):
    ours, torchs, settings = OURS_AND_TORCHS[name]
    whole = learned(torchs, True, settings)
    assert torch.equal(learned(torchs, True, settings, half_way=ours), whole)


@EACH
def test_torch_takes_ours_for_its_own_kind(name):
    ours, torchs, _ = OURS_AND_TORCHS[name]
    assert issubclass(ours, torchs)


def test_a_trial_loads_no_compiler():
    command = [sys.executable, "-c", IN_A_PROCESS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
