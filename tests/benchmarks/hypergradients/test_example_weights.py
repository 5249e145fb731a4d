"""What the comparison of example weights draws, trains and counts, on images made up by seed."""

import json

import pytest
import torch

from benchmarks.hypergradients import _noisy_mnist, example_weights
from tests.benchmarks.hypergradients.digits import made_up


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """600 images with wrong labels, 40 steps for their weights, 60 for the network."""
    monkeypatch.setattr(_noisy_mnist, "load_dataset", lambda name: made_up())
    monkeypatch.setattr(_noisy_mnist, "NOISY", 600)
    for name, value in {"STEPS": 60, "SEARCH_STEPS": 40, "WARM_UP": 10, "EVERY": 3}.items():
        monkeypatch.setattr(example_weights, name, value)


@pytest.mark.parametrize("name", example_weights.NOISES)
def test_labels_are_wrong_where_it_says_and_as_many_as_said(name):
    noise = example_weights.NOISES[name]
    data, same, other = (example_weights.drawn(noise, seed) for seed in (100, 100, 101))
    assert torch.equal(data.noisy[1], same.noisy[1])
    assert not torch.equal(data.noisy[1], other.noisy[1])
    assert float(data.right.double().mean()) == pytest.approx(1 - noise.share, abs=0.07)
    pictures = {int(label): image for image, label in zip(*data.clean[:2], strict=True)}
    nearest = torch.stack([
        ((torch.stack([pictures[label] for label in range(10)]) - image) ** 2).sum((1, 2, 3))
        for image in data.noisy[0]
    ]).argmin(1)  # fmt: skip
    assert torch.equal(nearest == data.noisy[1], data.right)
    added = (data.noisy[1] - nearest)[~data.right] % 10
    assert set(added.tolist()) == set(range(noise.added[0], noise.added[1] + 1))


def test_the_network_has_the_weights_that_it_says():
    assert sum(each.numel() for each in example_weights.network().parameters()) == 2826


def test_generalised_cross_entropy_lies_between_cross_entropy_and_the_absolute_error():
    outputs = torch.randn(20, 10, generator=torch.Generator().manual_seed(0)).double()
    labels = torch.arange(20) % 10
    probabilities = outputs.softmax(1)[torch.arange(20), labels]
    for q, expected in ((1e-7, -probabilities.log()), (1.0, 1 - probabilities)):
        found = example_weights.generalised(outputs, labels, q=q)
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_weights_tell_right_labels_from_wrong_ones():
    found = example_weights.run("example weights", example_weights.NOISES["uniform"], 100)
    assert found["auc"] > 0.9
    assert found["accuracy"] > 80


def test_a_schedule_takes_all_rows_before_it_begins_again_and_its_rate_falls():
    steps = list(example_weights.schedule(70, 9, 25, 0))
    rows = [set(rows.tolist()) for rows, _ in steps]
    assert [len(own) for own in rows] == [25, 25, 20] * 3
    assert set.union(*rows[:3]) == set.union(*rows[3:6]) == set(range(70))
    assert rows[0] != rows[3]
    rates = [rate for _, rate in steps]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == example_weights.RATE


@pytest.mark.parametrize("way", [way for way in example_weights.WAYS if way != "example weights"])
def test_the_others_have_no_weights(way):
    assert example_weights.run(way, example_weights.NOISES["pairs"], 100)["auc"] is None


def test_it_goes_on_where_it_ended(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(example_weights, "WAYS", ("plain", "clean alone"))
    monkeypatch.setattr(example_weights, "STEPS", 2)
    out = tmp_path / "weights.jsonl"
    example_weights.main(out, seeds=1, first_seed=100)
    lines = out.read_text().splitlines()
    assert [json.loads(line)["way"] for line in lines] == ["plain", "clean alone"] * 2
    out.write_text("".join(f"{line}\n" for line in lines[:-1]))
    example_weights.main(out, seeds=1, first_seed=100)
    again = out.read_text().splitlines()
    assert again[:-1] == lines[:-1]
    assert json.loads(again[-1])["accuracy"] == json.loads(lines[-1])["accuracy"]
    assert capsys.readouterr().out.count("clean alone") == 4


def test_each_setting_of_the_baselines_is_tried_on_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(example_weights, "STEPS", 1)
    out = tmp_path / "tuning.jsonl"
    example_weights.main(out, seeds=1, first_seed=100, tune=True)
    ways = [json.loads(line)["way"] for line in out.read_text().splitlines()]
    qs = [f"robust loss, {q}" for q in example_weights.QS]
    sizes = [f"clean alone, {size}" for size in example_weights.CLEAN_BATCHES]
    assert ways == [*qs, *sizes] * 2
