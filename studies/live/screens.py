"""Where progress is shown: a live picture in a terminal or a notebook, or lines in a log."""

import threading
from collections.abc import Callable
from typing import Any

from rich.live import Live

from automl_on_ray.command_line import console
from automl_on_ray.studies.live.drawing import Moment, Picture

LINE_SECONDS = 10.0  # between lines that tell of trials that have ended
SILENCE_SECONDS = 30.0  # before a line that tells that the study is at work
PICTURE_SECONDS = 1.0  # between pictures in a notebook

Look = Callable[[], tuple[Moment, float]]  # the moment to be shown, and what time it is


class Log:
    """Lines: when trials have ended, and so often that nobody takes the study for hung.

    `now` in seconds; ask it often whether a line is due.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._told, self._ended = float("-inf"), 0
        self._over = threading.Event()
        self._teller = threading.Thread(target=self._keep_telling, daemon=True)

    def start(self) -> None:
        moment, now = self._look()
        self._told, self._ended = now, moment.ended
        told = f"{moment.title}: {moment.total} trials of at most {moment.epochs} {moment.step}s"
        console.print(told, soft_wrap=True)
        self._teller.start()

    def show(self) -> None:
        """Print a line if it is due."""
        with self._lock:
            moment, now = self._look()
            news = moment.ended > self._ended and now - self._told > LINE_SECONDS
            if news or now - self._told >= SILENCE_SECONDS:
                self._told, self._ended = now, moment.ended
                console.print(moment.line(now), soft_wrap=True)

    def stop(self) -> None:
        self._over.set()
        self._teller.join()
        moment, now = self._look()
        console.print(moment.line(now), soft_wrap=True)

    def _keep_telling(self) -> None:
        """Also while Tune's loop waits for something."""
        while not self._over.wait(1.0):
            self.show()


class Screen:
    """A terminal's live picture; its clock goes on by itself."""

    def __init__(self, look: Look) -> None:
        self._live = Live(
            get_renderable=lambda: Picture(*look()), console=console, refresh_per_second=4
        )

    def start(self) -> None:
        self._live.start(refresh=True)

    def show(self) -> None:
        """It is drawn anyway."""

    def stop(self) -> None:
        self._live.stop()


class Notebook:
    """A picture below the cell, replaced as time goes by; the last one is saved with the notebook.

    rich's own way needs widgets, of which a saved notebook shows nothing.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._shown = float("-inf")
        self._place: Any = None

    def start(self) -> None:
        from IPython.display import display

        self._place = display(Picture(*self._look()), display_id=True)

    def show(self) -> None:
        moment, now = self._look()
        if now - self._shown >= PICTURE_SECONDS:
            self._shown = now
            self._place.update(Picture(moment, now))

    def stop(self) -> None:
        self._place.update(Picture(*self._look()))


def screen_for(look: Look) -> Log | Screen | Notebook:
    """The one that suits where output goes."""
    if console.is_jupyter:
        return Notebook(look)
    return Screen(look) if console.is_terminal and not console.is_dumb_terminal else Log(look)
