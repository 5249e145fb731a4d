"""Runs on all cores: processes that open the yardstick once, each with one thread of a library's.

One alone is this process.
"""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from automl_on_ray.command_line import quiet_libraries
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.comparison.runs import Run, Task, run
from automl_on_ray.studies.comparison.yardstick import Source, Yardstick

AHEAD = 4  # tasks for each process that wait for it
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

_yardstick: Yardstick | None = None


def completed(source: Source, tasks: Sequence[Task], pending: int, processes: int) -> Iterator[Run]:
    """Each run when it is done; what was begun is given up where the iteration is."""
    if processes == 1:
        yardstick = source.open()
        yield from (run(yardstick, task, pending) for task in tasks)
        return
    threads = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))  # the libraries read them when imported
    # None of this process's threads and locks is copied: a fork could hang on them.
    pool = ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), initializer=_open, initargs=(source,)
    )
    try:
        yield from _fed(pool, tasks, pending, AHEAD * processes)
    except BrokenProcessPool as error:
        raise UserError(
            "A process of the runs was ended from outside, perhaps for its memory: give fewer "
            "--processes; the same command goes on."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in threads.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _fed(
    pool: ProcessPoolExecutor, tasks: Sequence[Task], pending: int, most: int
) -> Iterator[Run]:
    waiting: set[Future[Run]] = set()
    left = iter(tasks)
    while True:
        for task in left:
            waiting.add(pool.submit(_run, task, pending))
            if len(waiting) >= most:
                break
        if not waiting:
            return
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for one in done:
            yield one.result()


def _open(source: Source) -> None:
    global _yardstick
    quiet_libraries()
    _yardstick = source.open()


def _run(task: Task, pending: int) -> Run:
    assert _yardstick is not None
    return run(_yardstick, task, pending)
