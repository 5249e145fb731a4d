"""What is seen in a log, in a terminal, and below a notebook's cell. The seconds are the test's."""

import nbclient
import nbformat
import pytest

from automl_on_ray.command_line import console
from automl_on_ray.studies.live.drawing import Moment
from automl_on_ray.studies.live.screens import LINE_SECONDS, SILENCE_SECONDS, Log, screen_for


class Study:
    """A moment of it, and what time it is."""

    ended, now = 0, 0.0

    def __call__(self):
        return Moment("mine", "search", "loss", 0.0, 9, 5, ended=self.ended, running=1), self.now


@pytest.fixture
def study():
    return Study()


@pytest.fixture
def log(study):
    return Log(study)


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_a_log_says_every_half_minute_that_the_study_is_at_work(study, log, capsys):
    log.show()
    assert len(lines(capsys)) == 1
    for seconds in range(91):
        study.now = float(seconds)
        log.show()
    assert [line.split()[0] for line in lines(capsys)] == ["[0:30]", "[1:00]", "[1:30]"]
    assert SILENCE_SECONDS == 30


def test_a_log_tells_of_trials_that_have_ended_but_not_of_each(study, log, capsys):
    log.show()
    for seconds in range(1, 30):
        study.now, study.ended = float(seconds), seconds
        log.show()
    assert len(lines(capsys)) == 1 + 29 // (LINE_SECONDS + 1)


def test_a_log_begins_with_the_title_and_ends_with_a_line_that_says_all(study, capsys, monkeypatch):
    monkeypatch.setattr(console, "_force_terminal", False)
    screen = screen_for(study)
    screen.start()
    study.ended, study.now = 9, 61.0
    screen.stop()
    assert lines(capsys) == [
        "mine: 9 trials of at most 5 epochs",
        "[1:01] search: 9/9 trials ended (0 early, 0 failed), 1 running, best loss none yet, "
        "time left unknown",
    ]


def test_a_terminal_keeps_the_last_picture(study, capsys, monkeypatch):
    monkeypatch.setattr(console, "_force_terminal", True)
    monkeypatch.setattr(console, "is_interactive", True)
    monkeypatch.setenv("TERM", "xterm")
    screen = screen_for(study)
    screen.start()
    study.ended, study.now = 9, 61.0
    screen.stop()
    last = capsys.readouterr().out.rpartition("mine")[2]
    assert "9/9 trials" in last
    assert "1:01" in last


IN_A_NOTEBOOK = """
from automl_on_ray.studies.live.drawing import Moment
from automl_on_ray.studies.live.screens import screen_for

def at(now, ended):
    return Moment("[mine]", "search", "loss", 0.0, 9, 5, ended=ended, running=1), now

shown = [at(0.0, 0)]
screen = screen_for(lambda: shown[-1])
screen.start()
for second in range(1, 5):
    shown.append(at(float(second), second))
    screen.show()
screen.stop()
"""


def test_a_notebook_has_one_picture_which_is_saved_as_it_was_last():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IN_A_NOTEBOOK)])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    (picture,) = notebook.cells[0].outputs
    assert picture.output_type == "display_data"
    for form in ("text/html", "text/plain"):
        assert "[mine]" in picture.data[form]
        assert "4/9 trials" in picture.data[form]
