"""What the picture says, and that no line of it is wider than the terminal."""

import io
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from automl_on_ray.studies.live.drawing import Moment, Picture, ShownTrial
from automl_on_ray.studies.live.text import BLOCKS, about, short, sparkline

CONFIG = {"learning_rate": 0.00213, "width": 32, "optimizer/weight_decay": 1e-5, "layers": [1, 2]}
RUNNING = [ShownTrial(f"a1b2c_0000{n}", "running", n, 0.9 + n / 100, CONFIG) for n in range(2)]
BEST = ShownTrial("a1b2c_00007", "best", 10, 0.97222, {**CONFIG, "width": 64})
MOMENT = Moment(
    "mnist: ax + asha on a data set of a long name, 2 at once", "search", "val_accuracy", 100.0,
    30, 10, ended=12, early=5, failed=1, running=2, done=12.3, at_work=RUNNING, open=2,
    keys=["learning_rate", "width", "optimizer/weight_decay", "layers"], best=BEST,
    bests=[0.5, 0.7, 0.7, 0.97222], left=250.0,
)  # fmt: skip


def drawn(moment, width, height=30, encoding="utf-8"):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=file, width=width, height=height, force_terminal=True, no_color=True)
    with console.capture() as taken:
        console.print(Picture(moment, now=233.0))
    return [Text.from_ansi(line).plain for line in taken.get().splitlines()]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width):
    lines = drawn(MOMENT, width)
    assert max(map(cell_len, lines)) <= width
    assert len(lines) == 8  # none is wrapped


def test_running_trials_come_first_with_what_differs_in_their_configs():
    text = drawn(MOMENT, 120)
    assert text[0].startswith("mnist: ax + asha")
    assert "12/30 trials" in text[1]
    assert "2:13" in text[1]
    assert text[2].rstrip() == "2 running · 5 stopped early · 1 failed · about 4 min left"
    assert text[3].split() == [
        "trial", "epoch", "val_accuracy", "learning_rate", "width", "weight_decay", "layers",
    ]  # fmt: skip
    assert text[4].split()[:6] == ["running", "a1b2c_00000", "0/10", "0.9", "0.00213", "32"]
    assert text[6].split()[:6] == ["best", "a1b2c_00007", "10/10", "0.97222", "0.00213", "64"]
    assert text[7].rstrip() == "best val_accuracy  0.5 ▁▄▄█ 0.97222"


def test_a_narrow_terminal_leaves_out_the_least_telling_part_of_a_config():
    heads = [drawn(MOMENT, width)[3].split()[3:] for width in (60, 80, 120)]
    assert heads[0] == ["learning_rate"]
    assert heads[0] == heads[1][:1] == heads[2][:1]
    assert len(heads[0]) < len(heads[1]) < len(heads[2])


def test_of_many_trials_a_low_terminal_shows_some():
    many = [ShownTrial(f"t{n}", "running", 0, None, {}) for n in range(20)]
    moment = Moment("s", "search", "loss", 0.0, 50, 1, running=40, at_work=many, open=40, done=1)
    lines = drawn(moment, 80, height=10)
    assert len(lines) <= 10
    assert lines[-1].strip() == "and 37 more"


def test_names_that_would_command_a_terminal_are_shown_as_they_are():
    odd = ShownTrial("[red]a", "running", 1, 0.5, {"\x1b[2Jkey": "[bold]\x1b[2J"})
    moment = Moment(
        "[b]s\x1b[2J", "search", "loss", 0.0, 1, 1, at_work=[odd], open=1, keys=["\x1b[2Jkey"]
    )
    text = "\n".join(drawn(moment, 100))
    for shown in ("[red]a", "[b]s\\x1b[2J", "[bold]\\x1b[…"):
        assert shown in text


def test_a_terminal_of_plain_letters_gets_these_alone():
    assert not "\n".join(drawn(MOMENT, 80)).isascii()
    assert "\n".join(drawn(MOMENT, 80, encoding="ascii")).isascii()


def test_a_course_is_as_long_as_there_is_room_and_ends_with_the_newest():
    values = [float(number) for number in range(1000)]
    assert sparkline(values, 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([3.0, 1.0], 8) == "█▁"
    assert sparkline([2.0], 8) == "▁"
    assert sparkline([], 8) == ""
    assert sparkline([0.0, 0.5, None, 1.0], 8, ends=(0.0, 1.0)) == "▁▅ █"
    assert sparkline([0.5], 8, ends=(0.5, 0.5)) == "▁"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300))
def test_a_long_course_is_thinned_out_on_one_scale_and_keeps_its_end(values):
    shown = sparkline(values, 60, ends=(0.0, 1.0))
    assert len(shown) == min(len(values), 60)
    assert set(shown) <= set(BLOCKS)
    assert shown[-1] == sparkline(values[-1:], 60, ends=(0.0, 1.0))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(3, "10 s"), (61, "70 s"), (100, "2 min"), (3700, "62 min"), (9000, "2 h 30 min"),
     (36000, "10 h"), (400000, "5 days")],
)  # fmt: skip
def test_an_estimate_is_told_no_finer_than_it_is(seconds, told):
    assert about(seconds) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.00123456, "0.00123"), (64, "64"), (True, "True"), ("a very long choice", "a very long…"),
     ([1, 2], "[1, 2]"), (None, "null")],
)  # fmt: skip
def test_values_of_a_config_are_shortened(value, told):
    assert short(value) == told


def test_a_stage_that_is_over_says_no_time_left():
    over = replace(MOMENT, over=True, at_work=(), open=0)
    assert drawn(over, 80)[2].rstrip() == "ended · 5 stopped early · 1 failed"
    assert over.line(233.0) == (
        "[2:13] search: 12/30 trials ended (5 early, 1 failed), "
        "best val_accuracy 0.97222 (a1b2c_00007)"
    )
