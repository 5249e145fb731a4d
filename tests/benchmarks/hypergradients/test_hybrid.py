"""What the comparison of Ax with and without hypergradients trains, on images made up by seed."""

import json

import pytest
import torch

from benchmarks.hypergradients import hybrid
from tests.benchmarks.hypergradients.digits import made_up

CONFIG = {"norm": "squares", "pooled": 4, "learning_rate": 0.005, "penalty0": 0.03}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """200 examples of each kind."""
    monkeypatch.setattr(hybrid, "load_dataset", lambda name: made_up())
    monkeypatch.setattr(hybrid, "EXAMPLES", 200)
    hybrid.drawn.cache_clear()
    yield
    hybrid.drawn.cache_clear()


def test_the_label_is_the_first_images():
    pixels, labels = hybrid.drawn(100, 4).train
    assert pixels.shape == (200, 4 * 49)
    parts = pixels.view(200, 4, 49)
    alone = torch.stack([parts[labels == label].mean(0) for label in range(10)])
    nearest = [((alone[:, k] - parts[:, k, None].squeeze(1)[:, None]) ** 2).sum(2) for k in (0, 1)]
    first, second = ((each.argmin(1) == labels).double().mean() for each in nearest)
    assert first > 0.95
    assert second < 0.4


def test_penalties_rise_where_images_say_nothing():
    outcome = hybrid.trained(CONFIG, 100, tuned=True)
    alone = hybrid.trained(CONFIG, 100, tuned=False)
    assert outcome["loss"] < alone["loss"]
    assert outcome["held"] < alone["held"]


def test_a_penalty_for_each_image_is_that_of_its_pixels():
    """Without a penalty on what says nothing, the test is worse."""
    bare = {key: one for key, one in CONFIG.items() if key != "penalty0"}
    right, wrong = (
        hybrid.trained(
            bare | {f"penalty{index}": one for index, one in enumerate(each)}, 100, tuned=False
        )
        for each in ((0.01, 1.0, 1.0, 1.0), (1.0, 0.01, 0.01, 0.01))
    )
    assert right["loss"] < wrong["loss"] - 0.2


def test_it_goes_on_where_it_ended(tmp_path, capsys):
    out = tmp_path / "hybrid.jsonl"
    hybrid.main(out, seeds=1, first_seed=100, seconds=0.1)
    lines = out.read_text().splitlines()
    assert [json.loads(line)["way"] for line in lines] == list(hybrid.WAYS)
    assert all(json.loads(line)["tried"] >= 1 for line in lines)
    hybrid.main(out, seeds=1, first_seed=100, seconds=0.1)
    assert out.read_text().splitlines() == lines
    assert capsys.readouterr().out.count("Ax alone, told the images") == 2
