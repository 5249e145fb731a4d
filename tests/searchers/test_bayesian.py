"""The Bayesian searcher, on the real Ax."""

import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import tempfile

import numpy as np
import psutil
import pytest
from hypothesis import Phase, given, settings, strategies as st
from ray import tune
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.beliefs import read_beliefs
from automl_on_ray.search_spaces.core import UserError, parse_objectives
from automl_on_ray.searchers import (
    PriorTrial,
    SearcherSettings,
    Source,
    TrialOutcome,
    bayesian,
)
from automl_on_ray.searchers.ax import RemoteModel
from automl_on_ray.searchers.bayesian import Bayesian, check
from automl_on_ray.searchers.sobol import Opening
from tests.searchers.driving import PLANE, SCORE, peak, take

BELIEFS = read_beliefs(["x ~ normal(0.5, 0.2)"], PLANE.domains)
POINTS = ({"x": 0.25, "y": 0.5}, {"x": 0.75, "y": 0.5})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"acquisition": "ucb", "objectives": parse_objectives("a, b")},
            "'ucb' is for one objective, but the study has 2; use qlognehvi",
        ),
        (
            {"acquisition": "qlognehvi"},
            "'qlognehvi' is for several objectives, but the study has 1; use qlognei, qlogei, ",
        ),
        (
            {"acquisition": "entropy"},
            "Unknown acquisition function 'entropy'; there are qlognei, .*, ucb, qlognehvi",
        ),
        ({"acquisition": "ucb", "beliefs": BELIEFS}, 'The belief "x ~ .*" weighs an improvement'),
        ({"beta": 1.0}, "beta belongs to"),
        ({"acquisition": "qnei", "beta": 1.0}, "beta belongs to"),
        ({"acquisition": "ucb", "beta": -0.5}, "beta must not be negative, but is -0.5"),
        ({"outcome_constraints": ("score >= 1",)}, "only objective"),
        ({"outcome_constraints": ("cost < 1",)}, "cannot be read"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(settings, said):
    with pytest.raises(UserError, match=said):
        Bayesian(SearcherSettings(**{"space": PLANE, "objectives": SCORE, **settings}))


@pytest.mark.parametrize(
    "settings",
    [
        {}, {"acquisition": "ucb"}, {"acquisition": "ucb", "beta": 0.0},
        {"acquisition": "ucb", "beta": 0.5}, {"acquisition": "qlogei"},
        {"acquisition": "qlognehvi", "objectives": parse_objectives("a, b")},
        {"beliefs": BELIEFS}, {"beliefs": BELIEFS, "acquisition": "qlogei"},
    ],
)  # fmt: skip
def test_what_fits_together_is_taken(settings):
    check(SearcherSettings(**{"space": PLANE, "objectives": SCORE, **settings}))


def test_a_value_of_other_data_that_the_space_has_not_is_refused():
    space = SearchSpace("few", training={"x": tune.choice(["a", "b"])})
    source = Source("s", (PriorTrial({"x": "c"}, {1: {"score": 1.0}}),))
    with pytest.raises(UserError, match="'c' is none of"):
        check(SearcherSettings(space, SCORE, sources=(source,)))


def test_a_constraint_on_a_log_scale_is_refused():
    space = SearchSpace("log", training={"x": tune.loguniform(1, 9)}, constraints=("x <= 2",))
    with pytest.raises(UserError, match="log scale"):
        Bayesian(SearcherSettings(space, SCORE))


def test_models_processes_come_of_one_that_has_imported_ax_and_may_die_too(tmp_path, monkeypatch):
    """It takes nothing in the current folder for ours, whatever is called as a room."""
    for name in ("searchers", "tracking", "search_spaces"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not mine')")
    monkeypatch.chdir(tmp_path)

    def begun():
        searcher = Bayesian(SearcherSettings(PLANE, SCORE, max_t=4))
        take(searcher, "first")
        return searcher

    searchers = [begun() for _ in range(2)]
    processes = [psutil.Process(each.model.pid()) for each in searchers]
    (parent,) = {process.ppid() for process in processes}
    psutil.Process(parent).kill()
    psutil.Process(parent).wait(60)
    searchers.append(begun())
    processes.append(psutil.Process(searchers[2].model.pid()))
    assert processes[2].ppid() not in {parent, os.getpid()}
    for searcher in searchers:
        assert take(searcher, "second") != take(searcher, "third")
    searchers[0].close()
    del searcher, searchers
    assert not psutil.wait_procs(processes, 10)[1]


def test_a_driver_that_ends_while_ax_is_imported_leaves_no_word():
    code = (
        "from tests.searchers.driving import PLANE, SCORE\n"
        "from automl_on_ray.searchers.bayesian import Bayesian\n"
        "from automl_on_ray.searchers._settings import SearcherSettings\n"
        "searcher = Bayesian(SearcherSettings(PLANE, SCORE, max_t=4))\n"
        "searcher.model.send('suggest')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr


def test_a_default_timeout_of_sockets_is_none_of_a_models():
    socket.setdefaulttimeout(0.1)
    try:
        searcher = Bayesian(SearcherSettings(PLANE, SCORE, max_t=4))
        for index in range(6):
            config = take(searcher, f"t{index}")
            searcher.on_trial_complete(f"t{index}", {"score": peak(config)})
        searcher.close()
    finally:
        socket.setdefaulttimeout(None)


class Watched(Bayesian):
    """Keeps what its model is sent; the first suggestions come without a process."""

    def start(self):
        super().start()
        self.sent, send = [], self.model.send
        self.model.send = lambda method, *event: (self.sent.append(method), send(method, *event))
        for method in ("wake", "get_ready", "close"):
            setattr(self.model, method, lambda method=method: self.sent.append(method))


def watched(words=None, *, limit=None, **settings):
    searcher = Watched(SearcherSettings(PLANE, SCORE, max_t=4, **settings), **(words or {}))
    if limit is not None:
        searcher.set_max_concurrency(limit)
    return searcher


def ended(searcher, trial):
    searcher.on_trial_complete(trial, {"score": 0.5, "training_iteration": 4})


@pytest.mark.parametrize(
    ("lookahead", "limit", "ahead"),
    [(0, None, False), (1, None, True), (None, 1, False), (None, 2, True), (1, 1, True)],
)
def test_the_next_suggestion_is_asked_for_before_the_result_only_with_a_lookahead(
    lookahead, limit, ahead
):
    searcher = watched({"lookahead": lookahead}, limit=limit)
    assert not searcher.thinking
    for trial in "ab":
        assert isinstance(searcher.suggest(trial), dict)
        assert searcher.thinking is ahead
        ended(searcher, trial)
        assert searcher.thinking
    asked, told = "suggest", "tell"
    assert searcher.sent == (
        [asked, asked, told, asked, told] if ahead else [asked, told, asked, told, asked]
    )


def test_without_a_lookahead_nothing_is_asked_for_while_a_trial_or_a_point_is_left():
    searcher = watched({"lookahead": 0}, points=POINTS)
    assert [searcher.suggest(trial) for trial in "ab"] == list(POINTS)
    ended(searcher, "a")
    assert not searcher.thinking
    ended(searcher, "b")
    assert searcher.thinking
    waiting = watched({"lookahead": 0}, points=POINTS)
    waiting.suggest("a")
    ended(waiting, "a")
    assert not waiting.thinking


def test_no_more_is_asked_for_than_there_are_samples_of_which_points_are_some():
    searcher = watched(samples=4, points=POINTS[:1])
    assert searcher.suggest("a") == POINTS[0]
    assert searcher.sent == []
    assert all(isinstance(searcher.suggest(trial), dict) for trial in "bcd")
    assert searcher.suggest("e") is None
    assert searcher.sent == ["suggest"] * 3


def test_what_is_refused_is_told_as_failed_and_takes_no_sample():
    searcher = watched(samples=2, meets=lambda config: config["x"] != 0.5)
    assert searcher.suggest("a")["x"] != 0.5  # the middle was first
    assert isinstance(searcher.suggest("b"), dict)
    assert searcher.suggest("c") is None
    assert searcher.sent == ["suggest", "suggest", "tell", "suggest"]


def test_the_end_of_a_small_space_is_the_searchers_end():
    small = SearchSpace("small", training={"x": tune.choice([1, 2])})
    searcher = Watched(SearcherSettings(small, SCORE))
    assert {searcher.suggest(trial)["x"] for trial in "ab"} == {1, 2}
    assert [searcher.suggest(trial) for trial in "cd"] == [Searcher.FINISHED] * 2


def test_points_are_trials_of_the_first_that_need_no_model():
    points = tuple({"x": n / 8, "y": 0.5} for n in range(5))
    searcher = watched(points=points)
    for trial in "abcde":
        searcher.suggest(trial)
        ended(searcher, trial)
    assert "wake" not in searcher.sent
    searcher.model.send("suggest")
    assert searcher.sent[-1] == "wake"


def test_a_model_is_waited_for_only_while_nothing_is_at_work():
    searcher, waited = watched(), []

    def receive(timeout):
        waited.append(timeout)
        raise queue.Empty

    searcher.model.receive = receive
    assert searcher.suggest("a") is None
    assert waited.pop() > 0
    searcher._live["b"] = {"x": 0.5, "y": 0.5}
    assert searcher.suggest("a") is None
    assert waited == [0.0, 0.0]


def test_a_searcher_has_its_model_get_ready_and_ends_the_one_that_another_replaces():
    searcher, other = watched(), watched()
    assert searcher.set_search_properties(None, None, {}) is True
    assert searcher.sent == ["get_ready"]
    sent = searcher.sent
    searcher.set_state(other.get_state())
    assert sent == ["get_ready", "close"]
    searcher.close()
    assert other.sent == ["close"]
    nothing = Bayesian()
    nothing.get_ready()
    nothing.close()
    assert not nothing.thinking


def test_a_first_report_is_kept_and_has_the_models_process_started():
    searcher = watched()
    searcher.suggest("a")
    searcher.on_trial_result("a", {"score": 0.5, "training_iteration": 3})
    assert searcher.sent[-1] == "wake"
    told = []
    searcher.tell = lambda config, outcome: told.append(outcome.last)
    searcher.on_trial_complete("a")
    assert told == [{"score": 0.5}]


def test_a_trial_stopped_without_a_word_has_its_last_values():
    """As HyperBand stops paused trials."""
    searcher = Bayesian(SearcherSettings(PLANE, SCORE, max_t=9))
    told = []
    searcher.tell = lambda config, outcome: told.append(outcome)
    take(searcher, "paused")
    searcher.on_trial_result("paused", {"score": 0.5, "training_iteration": 3})
    searcher.on_trial_complete("paused")
    take(searcher, "never ran")
    searcher.on_trial_complete("never ran")
    assert [outcome.verdict for outcome in told] == ["early_stopped", "unknown"]
    assert told[0].last == {"score": 0.5}


@pytest.mark.parametrize("more", [{}, {"points": ({"x": 0.5, "y": 0.5},)}])
def test_the_first_suggestions_come_without_ax_and_are_its_models_own(more):
    settings = SearcherSettings(PLANE, SCORE, max_t=4, **more)
    models = [RemoteModel(bayesian.MODEL, settings, begun) for begun in (None, Opening(settings))]

    def all_do(method, *arguments):
        for model in models:
            model.send(method, *arguments)

    for point in settings.points:
        all_do("begin", point)
    for index in range(6):
        all_do("suggest")
        slow, config = (model.receive(120) for model in models)
        assert config == slow
        if index % 3:
            all_do("tell", config, TrialOutcome("completed", {4: {"score": peak(config)}}))
        assert index > 3 or not models[1].has_process
        models[1] = pickle.loads(pickle.dumps(models[1])) if index == 2 else models[1]
    for model in models:
        assert model.has_process
        assert model.waiting == 0
        model.close()


def test_an_error_that_must_recur_is_told_at_once():
    model = RemoteModel("tests.searchers.driving:Broken", "raises")
    model.send("suggest")
    with pytest.raises(UserError, match="Ax cannot go on: a range is too narrow"):
        model.receive(60)


def test_an_event_that_the_model_cannot_take_is_passed_over():
    model = RemoteModel("tests.searchers.driving:Broken", "answers")
    model.send("tell", 1)
    model.send("suggest")
    assert model.receive(60) == {"x": 1}


def test_a_study_in_which_trials_crash_uses_every_sample():
    def crash(config):
        return np.random.default_rng(int(config["x"] * 1e9)).random() < 0.3

    searcher, configs, crashed = Bayesian(SearcherSettings(PLANE, SCORE, samples=8)), {}, 0
    searcher.set_max_concurrency(2)
    for index in range(9):  # two at work at a time
        if index < 8:
            configs[index] = take(searcher, f"t{index}")
        if index:
            config = configs[index - 1]
            crashed += crash(config)
            result = {"score": -abs(config["x"] - 0.4), "training_iteration": 1}
            searcher.on_trial_complete(
                f"t{index - 1}", None if crash(config) else result, error=crash(config)
            )
    searcher.close()
    assert len({str(config) for config in configs.values()}) == 8
    assert 0 < crashed < 8


class Mine:
    """A value that only this file has."""


def twice(value):
    return 2 * value


def test_the_models_process_takes_values_and_networks_of_the_users_own_script():
    import __main__

    space = SearchSpace(
        "own",
        training={"x": tune.uniform(0, 1), "kind": tune.choice([Mine, twice, int, None])},
        build=lambda config, shape, classes: None,
    )
    kept = Mine.__module__, twice.__module__
    Mine.__module__ = twice.__module__ = "__main__"  # as in a script: importable nowhere else
    try:
        searcher = Bayesian(SearcherSettings(space, SCORE))
        for index in range(6):
            config = take(searcher, f"t{index}", 60)
            space.check(config)
            result = {"score": config["x"], "training_iteration": 1}
            searcher.on_trial_complete(f"t{index}", result)
        searcher.close()
    finally:
        Mine.__module__, twice.__module__ = kept
    assert not hasattr(__main__, "Mine")


def suggested(stops=frozenset(), kills=frozenset()):
    """Eight suggestions, two trials at work at a time.

    The searcher is saved, ended and restored before `stops`; its model's process dies at `kills`.
    """
    searcher, found = Bayesian(SearcherSettings(PLANE, SCORE, max_t=4)), []
    for index in range(8):
        if index in kills:
            os.kill(searcher.model.pid(), signal.SIGKILL)
        if index in stops:
            with tempfile.TemporaryDirectory() as folder:
                searcher.save(f"{folder}/state")
                searcher.close()
                searcher = Bayesian(SearcherSettings(PLANE, SCORE, max_t=4))
                searcher.restore(f"{folder}/state")
        searcher.set_max_concurrency(2)
        found.append(take(searcher, f"t{index}"))
        if index:
            result = {"score": peak(found[-2]), "training_iteration": 4}
            searcher.on_trial_complete(f"t{index - 1}", result)
    searcher.close()
    return found


@pytest.fixture(scope="module")
def unstopped():
    return suggested()


def test_the_models_process_may_die_without_changing_a_suggestion(unstopped):
    assert suggested(kills={3, 7}) == unstopped


@pytest.mark.slow
@settings(max_examples=1, deadline=None, derandomize=True, phases=[Phase.generate])
@given(in_design=st.integers(1, 5), with_model=st.integers(6, 7))
def test_wherever_a_study_is_stopped_and_restored_the_suggestions_are_the_same(
    unstopped, in_design, with_model
):
    assert suggested({in_design, with_model}) == unstopped


def test_a_restored_study_may_be_given_more_samples(tmp_path):
    first = Bayesian(SearcherSettings(PLANE, SCORE, samples=2))
    for name in "ab":
        take(first, name)
        first.on_trial_complete(name, {"score": 0.5, "training_iteration": 1})
    first.save(str(tmp_path / "state"))
    longer = Bayesian(SearcherSettings(PLANE, SCORE, samples=4))
    longer.restore(str(tmp_path / "state"))
    assert isinstance(take(longer, "c", 60), dict)
