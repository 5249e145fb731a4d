"""A scrambled Sobol sequence (Owen 1998): it fills the space more evenly than chance."""

from collections import Counter
from collections.abc import Sequence

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.beliefs import Belief
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers._ask_tell import AskTellSearcher, TrialOutcome
from automl_on_ray.searchers._constraints import parse_constraints
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers._unvisited_members import UnvisitedMembers
from automl_on_ray.searchers.choosing import SearcherCapabilities
from automl_on_ray.searchers.members import (
    BelievedDraws,
    check_supported,
    from_unit,
    key_of,
    varying,
)

CAPABILITIES = SearcherCapabilities(
    learns_from_results=False,
    takes_beliefs=True,
    takes_parameter_constraints=True,
)
MAX_DRAWS = 10_000  # for one config
# Trials begun and ended before a model is asked: as Ax has them.
MIN_BEGUN_TRIALS, MIN_ENDED_TRIALS = 5, 2


def create(settings: SearcherSettings) -> "Sobol":
    return Sobol(settings)


class Design:
    """Points of the sequence that are members of `space`, satisfy its constraints and are new.

    With `centre`, the middle of all domains comes before them. Where there are `beliefs` the points
    are their quantiles. Its state is how far it has come, so it can be saved, and two of one seed
    are alike.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        seed: int,
        done: list[Config],
        centre: bool = False,
        beliefs: Sequence[Belief] = (),
    ) -> None:
        for name, domain in space.domains.items():
            check_supported(name, domain)
        self._space = space
        self._seed = seed
        self._drawn = 0
        self._centre = centre
        self._constraints = parse_constraints(space)
        self._beliefs = BelievedDraws(space, beliefs)
        self.unvisited = UnvisitedMembers(space, done)

    def next(self) -> Config:
        """The next point. Raises Exhausted, or UserError if constraints leave nothing to find."""
        from torch.quasirandom import SobolEngine  # over a second: not for naming a searcher

        self.unvisited.check()
        domains = self._space.domains
        engine = SobolEngine(len(domains), scramble=True, seed=self._seed)
        engine.fast_forward(self._drawn)
        for _ in range(MAX_DRAWS if self.unvisited.left is None else 64):
            if self._centre:
                self._centre, units = False, [0.5] * len(domains)
            else:
                units = engine.draw(1)[0].tolist()
                self._drawn += 1
            config = varying(self._space, self._values(units))
            if all(c.holds(config) for c in self._constraints) and self.unvisited.take(config):
                return config
        if self.unvisited.left:
            return self.unvisited.left.pop(next(iter(self.unvisited.left)))
        raise UserError(
            f"{MAX_DRAWS} points of space {self._space.name!r} break its constraints: "
            f"{'; '.join(c.text for c in self._constraints)}."
        )

    def _values(self, units: list[float]) -> Config:
        """Of all domains, in their order."""
        placed = zip(self._space.domains.items(), units, strict=True)
        return {
            key: from_unit(domain, self._beliefs.unit(key, unit, self._drawn))
            for (key, domain), unit in placed
        }


def too_early(begun: int, finished: int, *, beside: bool) -> bool:
    """Whether there is too little for a model; `beside` sources, two results are enough."""
    return finished < MIN_ENDED_TRIALS or (begun < MIN_BEGUN_TRIALS and not beside)


class Opening:
    """The trials before a model's first suggestion: points of the design.

    A model that begins with it, and another of the same settings, are alike as long as both are
    told the same. Beside sources, whose best config is tried first, the centre comes all the same:
    the two results show whether the sources are right.
    """

    def __init__(self, settings: SearcherSettings) -> None:
        self._settings = settings
        self.design = Design(
            settings.space,
            seed=settings.seed,
            done=list(settings.points),
            centre=not settings.known and bool(settings.sources or not settings.points),
            beliefs=settings.beliefs,
        )
        self._open: Counter[str] = Counter()  # trials, by their configs
        self._begun = self._finished = 0

    @property
    def is_over(self) -> bool:
        beside = bool(self._settings.sources)
        return not too_early(self._begun, self._finished, beside=beside)

    def suggest(self) -> Config:
        """The next point, taken as begun. Raises Exhausted at the end of a finite space."""
        config = self.design.next()
        self.begin(config)
        return config

    def begin(self, config: Config) -> None:
        """A trial of `config` runs, whoever suggested it."""
        self.design.unvisited.take(config)
        self._open[key_of(config)] += 1
        self._begun += 1

    def tell(self, config: Config, outcome: TrialOutcome) -> None:
        """A trial of `config` has ended; nothing happens if none is open."""
        if self._open[key_of(config)]:
            self._open[key_of(config)] -= 1
            self._finished += bool(outcome.curve) and outcome.verdict != "failed"


class Sobol(AskTellSearcher):
    """The design, and nothing learned from results."""

    def start(self) -> None:
        assert self.settings is not None
        self._design = Design(
            self.settings.space,
            seed=self.settings.seed,
            done=self._points,
            beliefs=self.settings.beliefs,
        )

    def ask(self) -> Config:
        return self._design.next()
