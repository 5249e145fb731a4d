"""Names what a person waits for, as long as it lasts."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from automl_on_ray.command_line.errors_and_exit_codes import console
from automl_on_ray.search_spaces.core import visible

QUICK_SECONDS = 0.5  # what takes no longer has no line in a log
SILENCE_SECONDS = 30.0


@contextmanager
def step(what: str, *, quick: float = QUICK_SECONDS) -> Iterator[None]:
    """`what` beside a spinner and the time that it has taken; in a log lines, where it is long.

    In a log it is named after `quick` seconds; at once where that is 0, as it is always long.
    """
    if console.is_terminal and not console.is_dumb_terminal:
        with _spinner(what):
            yield
        return
    over = threading.Event()
    words = (what, over.wait, time.monotonic, quick)
    teller = threading.Thread(target=tell_of, args=words, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _spinner(what: str) -> Progress:
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    shown = Progress(*columns, console=console, transient=True)
    shown.add_task(visible(what), total=None)
    return shown


def tell_of(
    what: str,
    over: Callable[[float], bool],
    now: Callable[[], float] = time.monotonic,
    quick: float = QUICK_SECONDS,
) -> None:
    """Print lines until it is `over`, which waits for so many seconds and says whether it is."""
    began = now()
    if over(quick):
        return
    console.print(what, soft_wrap=True)
    while not over(SILENCE_SECONDS):
        console.print(f"{what}: {now() - began:.0f} s so far", soft_wrap=True)
