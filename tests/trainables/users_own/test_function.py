"""A training function is a trainable: it reports, is cut, saved, restored and reused."""

import json
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from ray import tune
from ray.train._internal import session

from automl_on_ray.search_spaces.core import UserError, keywords_of
from automl_on_ray.trainables.users_own.function import REPORTS, trainable_of


def descends(config, epochs=6, every=1):
    """Reports each epoch, and a checkpoint `every` so many."""
    x, start = config["x"], 0
    if checkpoint := tune.get_checkpoint():
        with checkpoint.as_directory() as folder:
            x, start = json.loads((Path(folder) / "state.json").read_text())
    for epoch in range(start, epochs):
        x -= 0.2 * (x - config.get("goal", 1.0))
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "state.json").write_text(json.dumps([x, epoch + 1]))
            kept = tune.Checkpoint.from_directory(folder) if (epoch + 1) % every == 0 else None
            tune.report({"x": x, "epoch": epoch + 1}, checkpoint=kept)


def trial(function, config=None, metric="", **keywords):
    klass = trainable_of(function, metric)
    ready = tune.with_parameters(klass, **keywords) if keywords else klass
    return ready(config={"x": 5.0} if config is None else config)


def reports(one):
    """All that are left, without Tune's own."""
    found = []
    while not (report := one.train()).get("__duplicate__"):
        found.append({key: report[key] for key in report if key in ("x", "epoch", "loss", "y")})
    return found


WHOLE = [{"x": pytest.approx(1 + 4 * 0.8**epoch), "epoch": epoch} for epoch in range(1, 7)]


def test_each_report_is_a_step_and_the_end_says_that_the_last_report_was_the_last():
    one = trial(descends)
    assert reports(one) == WHOLE
    assert one.iteration == 6
    one.stop()


@pytest.mark.parametrize(
    ("returned", "expected"),
    [({"loss": 2.0, "y": 1}, [{"loss": 2.0, "y": 1}]), (3, [{"loss": 3.0}])],
)
def test_what_a_function_returns_is_its_one_report(returned, expected):
    one = trial(lambda config: returned, metric="loss")
    assert reports(one) == expected
    one.stop()


def test_what_a_function_yields_are_reports():
    def counts(config):
        for number in range(3):
            yield {"y": number}

    one = trial(counts)
    assert reports(one) == [{"y": 0}, {"y": 1}, {"y": 2}]
    one.stop()


@settings(max_examples=15)
@given(every=st.integers(1, 7), cut=st.integers(1, 5))
def test_a_trial_restored_anywhere_reports_what_it_would_have(every, cut):
    """Whether the newest checkpoint is of that epoch, of an earlier one, or there is none."""
    with tempfile.TemporaryDirectory() as place:
        one = trial(lambda config: descends(config, every=every))
        for _ in range(cut):
            one.train()
        saved = one.save(place)
        one.stop()
        other = trial(lambda config: descends(config, every=every))
        other.restore(saved)
        assert reports(other) == WHOLE[cut:]
        assert other.iteration == 6
        other.stop()


def test_a_checkpoint_holds_the_files_that_the_function_reported(tmp_path):
    one = trial(descends)
    one.train()
    one.save(str(tmp_path))
    one.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == [REPORTS, "state.json"]
    assert json.loads((tmp_path / "state.json").read_text())[1] == 1


def test_a_clone_goes_on_from_the_other_s_checkpoint_with_a_config_of_its_own(tmp_path):
    one = trial(descends)
    one.train()
    saved = one.save(str(tmp_path))
    one.stop()
    clone = trial(descends, {"x": 99.0, "goal": 0.0})
    clone.restore(saved)
    assert clone.train()["x"] == pytest.approx((1 + 4 * 0.8) * 0.8)
    clone.stop()


def test_a_process_takes_another_config_when_the_function_has_ended_at_its_report():
    left = []

    def cleans_up(config):
        try:
            tune.report({"x": config["x"]})
            tune.report({"x": -1})
        finally:
            left.append(config["x"])

    one = trial(cleans_up, {"x": 1})
    assert one.train()["x"] == 1
    assert one.reset_config({"x": 2})
    assert left == [1]
    assert one.train()["x"] == 2
    one.stop()
    assert left == [1, 2]


def test_the_function_s_own_error_is_the_trial_s():
    def fails(config):
        tune.report({"x": 1})
        raise KeyError("no such layer")

    one = trial(fails)
    one.train()
    with pytest.raises(KeyError, match="no such layer"):
        one.train()
    one.stop()


def _pressed(config):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda config: None, "ended without a report"),
        (lambda config: "good", "return a dict of metrics"),
        (lambda config: 3.0, "return a dict of metrics"),
        (lambda config: exit(3), r"sys.exit\(3\)"),
        (_pressed, "raised KeyboardInterrupt"),
    ],
)
def test_a_function_without_metrics_fails_with_what_to_do(function, message):
    one = trial(function)
    with pytest.raises((ValueError, TypeError, RuntimeError), match=message):
        one.train()
    one.stop()


def test_a_function_is_given_what_it_asks_for_beside_its_config():
    def asks(config, *, epochs, seed=7, mine=3):
        return {"x": epochs, "y": seed + mine}

    assert keywords_of(trainable_of(asks).setup) - {"self", "config"} == {"epochs", "seed"}
    one = trial(asks, epochs=4, seed=1)
    assert reports(one) == [{"x": 4, "y": 4}]
    one.stop()


def test_a_function_is_told_of_its_trial():
    def tells(config):
        return {"x": len(tune.get_context().get_trial_id())}

    one = trial(tells)
    assert one.train()["x"] > 0
    one.stop()


def test_reports_of_threads_of_its_own_come_one_by_one_and_all_end_with_the_trial():
    def several(config):
        threads = [
            threading.Thread(target=lambda x=x: tune.report({"x": x}), daemon=True)
            for x in range(4)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    one = trial(several)
    assert sorted(each["x"] for each in reports(one)) == [0, 1, 2, 3]
    one.stop()
    other = trial(several)
    other.train()
    assert other.reset_config({"x": 1}), "no thread waits to report to nobody"
    other.stop()


def test_a_report_goes_to_the_trial_that_was_asked_last_and_after_its_end_to_nobody():
    one, other = trial(descends), trial(lambda config: descends(config, epochs=2))
    one.train()
    other.train()
    assert one.train()["epoch"] == 2
    assert session.get_session() is not None
    other.stop()
    assert one.train()["epoch"] == 3
    one.stop()
    assert session.get_session() is None


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: None, "must take a config as its first argument"),
        (lambda config, rows: None, "'rows' has no default"),
    ],
)
def test_a_function_that_cannot_be_called_with_a_config_is_refused(function, message):
    with pytest.raises(UserError, match=message):
        trainable_of(function)
