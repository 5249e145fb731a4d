"""What the comparison on MNIST tunes, searches and keeps, on images made up by seed."""

import json

import pytest

from automl_on_ray.trainables.image_classifier import DivergedError
from benchmarks.hypergradients import mnist
from tests.benchmarks.hypergradients.digits import made_up

SMALL = mnist.CASES["rate too small"]
LARGE = mnist.CASES["rate too large"]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """600 images, and 90 steps of 32."""
    monkeypatch.setattr(mnist, "load_dataset", lambda name: made_up())
    mnist.drawn.cache_clear()
    for name, value in {"TRAIN": 600, "HELD": 200, "HELD_BATCH": 100, "BATCH": 32}.items():
        monkeypatch.setattr(mnist, name, value)
    monkeypatch.setattr(mnist, "EPOCHS", 6)
    monkeypatch.setattr(mnist.SmallCNN, "STEPS", 15)
    monkeypatch.setattr(mnist, "STEPS", 15)
    yield
    mnist.drawn.cache_clear()
    mnist.tuned_constant.cache_clear()


def test_no_image_is_both_trained_on_and_held_out():
    data = mnist.drawn(100)
    trained = {image.numpy().tobytes() for image in data.train[0]}
    assert len(trained) == 600
    assert not trained & {image.numpy().tobytes() for image in data.held[0]}


def test_a_rate_100_times_too_small_grows_and_what_is_found_serves_again():
    plain = mnist.trained(mnist.constantly({"learning_rate": SMALL.start}), 100)
    own = mnist.tuned_within(SMALL, 100)
    assert own["found"][-1] > 5 * SMALL.start
    again = mnist.tuned_within(mnist.again(SMALL, own), 100)
    assert min(own["accuracy"], again["accuracy"]) > plain["accuracy"] + 10


def test_what_is_used_again_is_no_rate_that_broke_training_and_the_last_decay():
    found = {"found": [0.5, 0.04, 0.06, 0.01], "restarted": 1}
    assert mnist.again(LARGE, found).start == 0.06
    assert mnist.again(mnist.CASES["decay too large"], found).start == 0.01
    assert mnist.replayed(found) == [0.04, 0.04, 0.06, 0.01]
    assert mnist.replayed({**found, "restarted": 0}) == found["found"]


def test_a_rate_100_times_too_large_is_restarted_and_fails_by_name_without_restarts():
    assert mnist.tuned_within(LARGE, 100)["restarts"] >= 1
    with pytest.raises(DivergedError, match="learning_rate=2"):
        mnist.tuned_within(LARGE, 100, restarts=0)
    row = mnist.unguarded(LARGE, 100)
    assert "diverged" in row["failed"]
    assert "accuracy" not in row


def test_searches_take_the_seconds_that_they_are_given():
    def train(config):
        asked.append(config["learning_rate"])
        return {"held": abs(config["learning_rate"] - 0.1), "seconds": 1.0, "accuracy": 50.0}

    for search in (mnist.by_ax, mnist.at_random):
        asked = []
        found = mnist.best(search(mnist.constants_of(SMALL), 0, train, 3.5))
        assert len(asked) == found["tried"] == 4
        assert found["held"] == min(abs(rate - 0.1) for rate in asked)
        assert found["seconds"] == 4.0


def test_it_goes_on_where_it_ended(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "CASES", {"rate too small": SMALL, "rate too large": LARGE})
    monkeypatch.setattr(mnist, "EPOCHS", 1)
    monkeypatch.setattr(mnist.SmallCNN, "STEPS", 10)
    monkeypatch.setattr(mnist, "STEPS", 10)
    out = tmp_path / "mnist.jsonl"
    mnist.main(out, seeds=1, first_seed=100)
    lines = out.read_text().splitlines()
    aims = ["tuned constant", "hypergradient", "tuned again"]
    each = [*aims, "plain", "trained again", "trained along"]
    ways = [*each, "Ax", "random search", *each, "without restarts"]
    assert [json.loads(line)["way"] for line in lines] == ways
    mnist.main(out, seeds=1, first_seed=100)
    assert out.read_text().splitlines() == lines
    assert capsys.readouterr().out.count("tuned again") == 4
