"""Runs of methods on a yardstick: a searcher from its first question to the end of its budget."""

import heapq
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from ray.tune.search import Searcher

from automl_on_ray.search_spaces import Config
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.studies.comparison.yardstick import Point, Yardstick

WAIT_SECONDS = 0.002  # for a searcher that thinks in a process of its own


@dataclass(frozen=True)
class Task:
    """A run that is asked for: of `method` with `seed`, told of its `budget` of evaluations."""

    method: str
    budget: int
    seed: int


@dataclass(frozen=True)
class Found:
    """After so many `evaluations` something that no earlier one matched in all its `values`.

    With one objective that is a new best. Values are higher is better; `test` is its other score.
    """

    evaluations: int
    values: tuple[float, ...]
    test: float | None


@dataclass(frozen=True)
class Run:
    """What a task came to. `clock` is the virtual time of all evaluations, in seconds.

    `seconds` of CPU went by for each suggestion, what its evaluation takes included; `failed`
    evaluations gave no value. A searcher that raised left an `error`: nothing of its run counts.
    """

    method: str
    budget: int
    seed: int
    evaluated: int = 0
    failed: int = 0
    found: tuple[Found, ...] = ()
    clock: float = 0.0
    seconds: float = 0.0
    error: str = ""

    @property
    def task(self) -> Task:
        return Task(self.method, self.budget, self.seed)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, row: Any) -> "Run":
        """From a line of JSON. Raises KeyError, TypeError or ValueError for what is no such row."""
        found = tuple(
            Found(int(one["evaluations"]), tuple(map(float, one["values"])), _optional(one["test"]))
            for one in row["found"]
        )
        kinds: dict[str, Any] = {
            "method": str, "budget": int, "seed": int, "evaluated": int, "failed": int,
            "clock": float, "seconds": float, "error": str,
        }  # fmt: skip
        odd = set(row) ^ {*kinds, "found"}
        if odd:
            raise KeyError(odd.pop())
        wrong = next((k for k, kind in kinds.items() if not isinstance(row[k], kind)), None)
        if wrong is not None:
            raise TypeError(f"{wrong} is {row[wrong]!r}")
        return cls(found=found, **{name: row[name] for name in kinds})


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)


def settings_of(yardstick: Yardstick, task: Task) -> SearcherSettings:
    return SearcherSettings(
        yardstick.space, yardstick.objectives, seed=task.seed, samples=task.budget
    )


def run(yardstick: Yardstick, task: Task, pending: int) -> Run:
    """So many evaluations at once, asynchronously: each is told when it ends by the virtual clock.

    Where the yardstick has no times, that is the order in which they were begun.
    """
    course = _Course(yardstick, task, pending)
    try:
        return course.to_its_end()
    except Exception as error:  # a searcher's own: the other runs go on
        return Run(task.method, task.budget, task.seed, error=f"{type(error).__name__}: {error}")


@dataclass
class _Course:
    yardstick: Yardstick
    task: Task
    pending: int
    clock: float = 0.0
    asked: int = 0
    evaluated: int = 0
    failed: int = 0
    over: bool = False
    live: list[tuple[float, int, Point | None]] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    front: list[tuple[float, ...]] = field(default_factory=list)

    def to_its_end(self) -> Run:
        began = time.process_time()
        self.searcher = create_searcher(self.task.method, settings_of(self.yardstick, self.task))
        while True:
            self._ask()
            if not self.live:
                break
            self._tell(*heapq.heappop(self.live))
        return Run(
            self.task.method, self.task.budget, self.task.seed, self.evaluated, self.failed,
            tuple(self.found), self.clock, (time.process_time() - began) / max(1, self.asked),
        )  # fmt: skip

    def _ask(self) -> None:
        while not self.over and self.asked < self.task.budget and len(self.live) < self.pending:
            config = self.searcher.suggest(str(self.asked))
            if config is None:
                if self.live:
                    return
                if not getattr(self.searcher, "thinking", False):
                    raise RuntimeError("the searcher suggests nothing, and waits for no result")
                time.sleep(WAIT_SECONDS)
                continue
            self.over = config == Searcher.FINISHED
            if isinstance(config, dict):
                self._begin(config)

    def _begin(self, config: Config) -> None:
        try:
            point = self.yardstick.point(config)
        except Exception:  # the user's function's own: a failed evaluation
            point = None
        end = self.clock + (point.seconds if point else 0.0)
        heapq.heappush(self.live, (end, self.asked, point))
        self.asked += 1

    def _tell(self, end: float, number: int, point: Point | None) -> None:
        self.clock = end
        self.evaluated += 1
        if point is None:
            self.failed += 1
            self.searcher.on_trial_complete(str(number), error=True)
        else:
            self._note(point)
            told = zip(self.yardstick.objectives, point.values, strict=True)
            metrics = {objective.metric: objective.sign() * value for objective, value in told}
            self.searcher.on_trial_complete(str(number), {**metrics, "training_iteration": 1})

    def _note(self, point: Point) -> None:
        if not any(all(map(float.__ge__, one, point.values)) for one in self.front):
            self.front = [one for one in self.front if not _beaten(one, point.values)]
            self.front.append(point.values)
            self.found.append(Found(self.evaluated, point.values, point.test))


def _beaten(one: tuple[float, ...], by: tuple[float, ...]) -> bool:
    return all(map(float.__ge__, by, one))


def tasks_of(methods: list[str], budgets: list[int], seeds: range) -> Iterator[Task]:
    """Seed by seed, so that a comparison that is stopped has all methods of some seeds."""
    for seed in seeds:
        for budget in budgets:
            for method in methods:
                yield Task(method, budget, seed)
