"""What a model in another process is told and asked for, with one that is here in its place."""

import pickle
import queue
from collections import deque
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from ray import tune

from automl_on_ray.search_spaces import Exploit, Interval, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers import SearcherSettings, TrialOutcome
from automl_on_ray.searchers._unvisited_members import Exhausted
from automl_on_ray.searchers.ax import AxExplorer, ExplorationConfig, RemoteModel, remote_model
from automl_on_ray.searchers.ax.remote_model import MAX_RESTARTS, _known_to_do
from automl_on_ray.searchers.sobol import Opening
from tests.searchers.driving import PLANE, SCORE


class Counting:
    """Answers with how many events and suggestions there were."""

    def __init__(self, start):
        self.start, self.events, self.trust = start, [], {}

    def suggest(self, *arguments):
        self.events.append(("suggest", *arguments))
        self.trust = {"source": len(self.events)}
        if len(self.events) == 9:
            raise Exhausted
        return {"rate": float(len(self.events))}

    def tell(self, *arguments):
        self.events.append(("tell", *arguments))

    drop = tell


class Here:
    """In place of a process: `made` are those that were, `late` has replies be on their way."""

    made: ClassVar[list[Any]] = []
    late = False
    refuses: Exception | None = None

    def __init__(self, model, start, log):
        kind = Opening if model == "opening" else Counting
        self.model = pickle.loads(start) if isinstance(start, bytes) else kind(start)
        self.log, self.replies, self.ended = list(log), deque(), False
        Here.made.append(self)
        for message in log:
            self.send(message)

    def send(self, message):
        method, arguments = message
        if method != "suggest":
            getattr(self.model, method)(*arguments)
            return
        try:
            answer = self.model.suggest(*arguments)
            trust = getattr(self.model, "trust", {})
            self.replies.append((answer, trust, pickle.dumps(self.model)))
        except Exhausted:
            self.replies.append((None, None, None))

    def receive(self, timeout):
        assert not timeout  # for ever, or not at all
        if self.ended:
            raise EOFError
        if Here.late and timeout is not None:
            raise queue.Empty
        return self.replies.popleft()

    def ready(self):
        if Here.refuses is not None:
            raise Here.refuses

    def close(self):
        self.ended = True


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(remote_model, "AxWorker", Here)
    for name, value in (("made", []), ("late", False), ("refuses", None)):
        monkeypatch.setattr(Here, name, value)


def asked(model, *events):
    """The answer to a suggestion after these."""
    for event in events:
        model.send("tell", event)
    model.send("suggest")
    return model.receive(0.0)


def test_events_wait_for_the_first_suggestion_and_answers_come_in_order():
    model = RemoteModel("counting", "start")
    model.send("tell", 1)
    assert not model.has_process
    for _ in range(2):
        model.send("suggest")
    assert (model.has_process, model.waiting) == (True, 2)
    assert [model.receive(0.0)["rate"] for _ in range(2)] == [2.0, 3.0]
    assert (model.waiting, model.trust) == (0, {"source": 3})
    Here.late = True
    model.send("suggest")
    with pytest.raises(queue.Empty):
        model.receive(0.0)
    assert model.waiting == 1
    assert model.receive(None) == {"rate": 4.0}
    assert len(Here.made) == 1


def test_a_process_that_dies_is_replaced_by_one_that_stands_where_it_stood():
    model = RemoteModel("counting", "start")
    assert asked(model, 1) == {"rate": 2.0}
    model.send("tell", 2)
    model.send("suggest")
    Here.made[0].close()
    with pytest.raises(queue.Empty):
        model.receive(0.0)
    assert model.receive(0.0) == {"rate": 4.0}
    assert Here.made[1].log == [("tell", (2,)), ("suggest", ())]
    assert Here.made[1].model.events == [("tell", 1), ("suggest",), ("tell", 2), ("suggest",)]


def die(model, times):
    """Its process, and those in its place."""
    for _ in range(times):
        Here.made[-1].close()
        with pytest.raises(queue.Empty):
            model.receive(0.0)


def test_processes_that_die_again_and_again_are_given_up_unless_one_has_answered():
    model = RemoteModel("counting", "start")
    model.send("suggest")
    die(model, MAX_RESTARTS)
    assert model.receive(0.0) == {"rate": 1.0}
    model.send("suggest")
    die(model, MAX_RESTARTS)
    Here.made[-1].close()
    with pytest.raises(RuntimeError, match="died again and again"):
        model.receive(0.0)


def test_a_model_that_is_saved_or_ended_goes_on_as_if_it_had_not_been():
    model, again = RemoteModel("counting", "start"), RemoteModel("counting", "start")
    assert asked(model, 1) == asked(again, 1)
    model.send("tell", 2)
    again.send("tell", 2)
    again.close()
    assert Here.made[1].ended
    assert not again.has_process
    assert asked(model) == asked(pickle.loads(pickle.dumps(again))) == {"rate": 4.0}
    former = dict(again.__getstate__())
    for name in ("_opening", "_answered", "_answers"):
        del former[name]
    older = RemoteModel.__new__(RemoteModel)
    older.__setstate__(former)
    assert asked(older) == {"rate": 4.0}


def test_what_the_model_raises_is_told_in_one_line_and_an_end_is_no_answer():
    model = RemoteModel("counting", "start")
    assert asked(model, *range(8)) is None
    model.send("suggest")
    Here.made[0].replies[0] = "a range\nis  too narrow"
    with pytest.raises(UserError, match="Ax cannot go on: a range is too narrow"):
        model.receive(0.0)


def test_an_opening_answers_first_and_then_the_process_after_what_it_was_told_too():
    settings = SearcherSettings(PLANE, SCORE)
    model, alone = RemoteModel("opening", settings, Opening(settings)), Opening(settings)
    for index in range(7):
        model.send("suggest")
        assert model.has_process is (index >= 5)
        assert model.waiting == 1
        config = alone.suggest()
        assert model.receive(0.0) == config
        model = pickle.loads(pickle.dumps(model)) if index == 3 else model
        if index < 2:
            for each in (model, alone):
                outcome = TrialOutcome("completed", {1: {"score": 0.5}})
                each.send("tell", config, outcome) if each is model else each.tell(config, outcome)
    assert model.waiting == 0
    small = replace(settings, space=SearchSpace("one", training={"x": tune.choice([1])}))
    ending = RemoteModel("opening", small, Opening(small))
    for answer in ({"x": 1}, None):
        ending.send("suggest")
        assert ending.receive(0.0) == answer


@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize(
    ("refuses", "does"), [(None, True), (EOFError(), False), (UserError("no\nAx"), False)]
)
def test_a_machine_is_remembered_on_which_a_model_could_be_made(
    refuses, does, others, tmp_path, monkeypatch
):
    """Also where `others`, models of another version, have been made."""
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))
    _known_to_do.cache_clear()
    if others:
        _known_to_do().parent.mkdir(parents=True)
    Here.refuses = refuses
    settings = SearcherSettings(PLANE, SCORE)
    first, second = (RemoteModel("opening", settings, Opening(settings)) for _ in range(2))
    if isinstance(refuses, UserError):
        with pytest.raises(UserError, match="Ax cannot go on: no Ax"):
            first.get_ready()
    else:
        first.get_ready()
    assert first.has_process
    Here.refuses = None
    second.get_ready()
    assert second.has_process is not does
    RemoteModel("opening", settings).get_ready()
    _known_to_do.cache_clear()


SPACE = SearchSpace(
    "explored", training={"rate": tune.uniform(0, 99), "fixed": 7}, build=lambda *made: None
)


@pytest.fixture
def explorer():
    return AxExplorer(ExplorationConfig(SPACE, 12, 2, seed=0))


def test_an_explorers_model_knows_the_space_without_what_is_the_users_own(explorer):
    assert not explorer.model.has_process
    explorer.get_ready()
    start = Here.made[0].model.start
    assert start.space.training.keys() == SPACE.training.keys()
    assert start.space.build is None
    assert (start.max_t, start.interval, start.seed) == (12, 2, 0)


def exploit(number, trial="t"):
    return Exploit(number, trial, "donor", 4, 0.5, {"rate": 0.5, "fixed": 7, "seed": 3})


def test_an_explorer_asks_once_for_each_exploit_and_gives_each_its_own(explorer):
    explorer.tell(Interval("t", {"rate": 0.5, "fixed": 7}, 0, 2, None, 0.5))
    Here.late = True
    assert [explorer.explore(exploit(n), wait=False) for n in (1, 2, 1)] == [None] * 3
    assert explorer.explore(exploit(2), wait=True) == {"rate": 3.0, "fixed": 7, "seed": 3}
    assert explorer.explore(exploit(1), wait=False) == {"rate": 2.0, "fixed": 7, "seed": 3}
    told, *suggested = Here.made[0].model.events
    assert told == ("tell", Interval("t", {"rate": 0.5}, 0, 2, None, 0.5))
    assert [one.number for _, one in suggested] == [1, 2]
    assert suggested[0][1].config == {"rate": 0.5}


def test_an_explorer_forgets_what_is_dropped_and_waits_for_a_process_that_died(explorer):
    for number in (1, 2):
        explorer.explore(exploit(number), wait=number == 2)
    explorer.drop(exploit(1, "dropped"))
    assert Here.made[0].model.events[-1] == ("tell", "dropped")
    explorer.model.send("suggest", exploit(3))
    explorer._asked.append(3)
    Here.made[0].close()
    assert explorer.explore(exploit(3), wait=True)["rate"] == 4.0
    explorer.close()
    assert not explorer.model.has_process


@pytest.mark.parametrize(
    ("domain", "said"), [(1, "leaves nothing to choose"), (tune.randn(0, 1), "without bounds")]
)
def test_a_space_that_ax_cannot_hold_is_refused_before_a_model_is_made(domain, said):
    with pytest.raises(UserError, match=said):
        AxExplorer(ExplorationConfig(SearchSpace("odd", training={"x": domain}), 12, 2, seed=0))
