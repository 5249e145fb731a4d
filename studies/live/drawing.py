"""What a stage looks like at a moment: as a line, and as a picture for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.jupyter import JupyterMixin
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from automl_on_ray.search_spaces.core import visible
from automl_on_ray.studies.live.text import about, clock, cut, short, sparkline

SHOWN_TRIALS = 8
LONGEST_METRIC = 20
LONGEST_KEY = 16
BAR_WIDTH, SPARK_WIDTH = 40, 40
GAP = 2


@dataclass(frozen=True)
class ShownTrial:
    """`state` is the word before it; `value` what it has reported last."""

    trial_id: str
    state: str
    epoch: int
    value: float | None
    config: Mapping[str, Any]

    @property
    def number(self) -> str:
        return "" if self.value is None else f"{self.value:.5g}"


@dataclass(frozen=True)
class Moment:
    """A stage at a moment. `stage` is its name, `title` says more; `began` is when the study did.

    `at_work` are trials that have not ended, the running ones first, of `open` in all; `keys` are
    those of their configs, the most telling first. `best` heads the standings; a stage of repeats
    has their `mean` instead. `bests` is the best value's course. `left` are the seconds that it may
    take, and `budgeted` says that these are what is left of a budget.
    """

    title: str
    stage: str
    metric: str
    began: float
    total: int
    epochs: int
    step: str = "epoch"
    ended: int = 0
    early: int = 0
    failed: int = 0
    running: int = 0
    done: float = 0.0  # trials, one at work counts by its epochs
    at_work: Sequence[ShownTrial] = ()
    open: int = 0
    keys: Sequence[str] = ()
    best: ShownTrial | None = None
    mean: float | None = None
    bests: Sequence[float] = ()
    left: float | None = None
    budgeted: bool = False
    over: bool = False  # nothing runs any more

    def line(self, now: float) -> str:
        """All of it in one."""
        told = [
            f"[{clock(now - self.began)}] {self.stage}: {self.ended}/{self.expected} trials ended "
            f"({self.early} early, {self.failed} failed)",
            *([] if self.over else [f"{self.running} running"]),
            self._found(),
            *([] if self.over else [self.time_left()]),
        ]
        return ", ".join(told)

    @property
    def expected(self) -> int:
        return max(self.ended, self.total)

    def _found(self) -> str:
        if self.mean is not None:
            return f"mean {self.metric} {self.mean:.5g}"
        if self.best is None:
            return f"best {self.metric} none yet"
        return f"best {self.metric} {self.best.number} ({self.best.trial_id})"

    def time_left(self) -> str:
        """In words."""
        if self.running == 0 and self.done == 0:
            return "the first trial is starting"
        if self.left is None:
            return "time left unknown"
        if self.budgeted:
            return f"{about(self.left)} of the budget left"
        return f"about {about(self.left)} left"


class Picture(JupyterMixin):
    """A moment, as it is drawn at the time `now`; no line of it is longer than the terminal is."""

    def __init__(self, moment: Moment, now: float) -> None:
        self._moment, self._now = moment, now

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        moment, width = self._moment, options.max_width
        yield _line(moment.title, width, "bold")
        yield self._bar(width)
        yield _line((", " if options.ascii_only else " · ").join(self._counts()), width)
        room = max(1, min(SHOWN_TRIALS, console.height - 7))
        if moment.at_work or moment.best:
            yield self._table(width, room)
        hidden = moment.open - min(room, len(moment.at_work))
        if hidden > 0:
            yield _line(f"and {hidden} more", width, "dim")
        if len(set(moment.bests)) > 1 and not options.ascii_only:
            yield self._course(width)

    def _bar(self, width: int) -> Table:
        moment = self._moment
        row = Table.grid(padding=(0, GAP, 0, 0))
        told = f"{moment.ended}/{moment.expected} trials"
        passed = clock(self._now - moment.began)
        others = sum(len(text) + GAP for text in (moment.stage, told, passed))
        bar = ProgressBar(
            total=max(1, moment.expected), completed=moment.done,
            width=max(5, min(BAR_WIDTH, width - others - 1)), complete_style="cyan",
            finished_style="green",
        )  # fmt: skip
        row.add_row(Text(moment.stage, style="bold cyan"), bar, told, passed)
        return row

    def _counts(self) -> list[str]:
        moment = self._moment
        told = ["ended" if moment.over else f"{moment.running} running"]
        if moment.early:
            told.append(f"{moment.early} stopped early")
        if moment.failed:
            told.append(f"{moment.failed} failed")
        if moment.mean is not None:
            told.append(f"mean {moment.metric} {moment.mean:.5g}")
        return told if moment.over else [*told, moment.time_left()]

    def _table(self, width: int, room: int) -> Table:
        moment = self._moment
        rows = [*moment.at_work[:room], *([moment.best] if moment.best else [])]
        fixed = [
            ["", *(row.state for row in rows)],
            ["trial", *(row.trial_id for row in rows)],
            [moment.step, *(f"{row.epoch}/{moment.epochs}" for row in rows)],
            [cut(moment.metric, LONGEST_METRIC), *(row.number for row in rows)],
        ]
        columns = [*fixed, *_that_fit(moment.keys, rows, width - sum(map(_room, fixed)))]
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
        for index, column in enumerate(columns):
            table.add_column(
                _plain(column[0]), justify="left" if index < 2 else "right", no_wrap=True,
                overflow="ellipsis",
            )  # fmt: skip
        for index, row in enumerate(rows, start=1):
            style = "bold green" if row is moment.best else None
            table.add_row(*(_plain(column[index]) for column in columns), style=style)
        return table

    def _course(self, width: int) -> Text:
        bests = self._moment.bests
        first, last = f"{bests[0]:.5g} ", f" {bests[-1]:.5g}"
        name = f"best {cut(self._moment.metric, LONGEST_METRIC)}  "
        room = width - len(name) - len(first) - len(last)
        line = Text(name, style="dim", no_wrap=True, overflow="ellipsis")
        line.append(first).append(sparkline(bests, max(1, min(SPARK_WIDTH, room))), style="green")
        return line.append(last, style="bold green")


def _plain(text: str) -> Text:
    return Text(visible(text))


def _line(text: str, width: int, style: str = "") -> Text:
    line = Text(visible(text), style=style, no_wrap=True, overflow="ellipsis")
    line.truncate(width, overflow="ellipsis")
    return line


def _room(column: Sequence[str]) -> int:
    return max(map(cell_len, column)) + GAP


def _that_fit(
    keys: Sequence[str], rows: Sequence[ShownTrial], width: int
) -> Iterator[Sequence[str]]:
    """Columns of the configs, heading first, for which there is room."""
    for key in keys:
        values = [short(row.config[key]) if key in row.config else "" for row in rows]
        column = [cut(key.rpartition("/")[2] or key, LONGEST_KEY), *values]
        if any(values) and _room(column) <= width:
            width -= _room(column)
            yield column
