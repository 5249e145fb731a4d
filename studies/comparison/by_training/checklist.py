"""The checklist for comparisons of architecture search (Lindauer and Hutter 2020, JMLR 21, 243).

In words of our own. What the program knows is answered; the rest says what to fill in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from automl_on_ray.searchers import searcher_capabilities

YES, NO, OPEN = "yes", "no", "fill in"


@dataclass(frozen=True)
class Known:
    """What the program knows of a comparison. `machines` are the kinds that trials ran on."""

    base: str
    methods: Sequence[str]
    seeds: range
    retrain: int
    recipes: Sequence[str]
    dataset: str
    space: str
    versions: str
    same_trials: bool


Item = tuple[str, str, str]  # what is asked, the answer, what is known or to be filled in


def checklist(known: Known) -> list[Item]:
    """The three parts of the list, in its order."""
    return [*_code(known), *_comparison(known), *_report()]


def _code(known: Known) -> list[Item]:
    seeds = f"seeds {known.seeds.start} to {known.seeds.stop - 1}"
    whole = f"space {known.space!r} and recipes {', '.join(known.recipes)} as told above"
    return [
        ("Code of the final training is released", OPEN,
         "ours is, in this repository at the version below; say where yours is"),
        ("Code of the search space is released", OPEN, "a space of your own: say where it is"),
        ("Settings and seeds of the final training are told", YES,
         f"{whole}; seeds 0 to {known.retrain - 1}"),
        ("Code of the methods is released", OPEN, "ours is; say where a method of your own is"),
        ("Settings and seeds of the methods are told", YES,
         f"the words of each method; {seeds}"),
    ]  # fmt: skip


def _comparison(known: Known) -> list[Item]:
    several = len(known.seeds) > 1
    blind = [m for m in known.methods if not searcher_capabilities(m).learns_from_results]
    return [
        ("Same data, split, space and training code for all", YES,
         f"{known.dataset}; one split a seed, alike for all methods"),
        ("Same number of trials and epochs for all", YES if known.same_trials else NO,
         "see the ledger for seconds, which differ with what was found"),
        ("Nothing else differed: machines, versions, load", OPEN,
         f"versions: {known.versions}; say which machines, and what else ran on them"),
        ("Parts of a new method were left out one by one", OPEN,
         "give each variant as a --method of its own"),
        ("Same evaluation for all", YES,
         f"{known.retrain} retrainings, {len(known.recipes)} recipe(s), test set once each"),
        ("Performance over time is shown", YES, "the figure: best so far against trials"),
        ("Random search is beside them", YES if blind else NO,
         f"{', '.join(blind)} in the table" if blind else f"the base is {known.base}"),
        ("Several runs, with their seeds", YES if several else NO,
         f"{len(known.seeds)} searches a method" + ("" if several else ": give --seeds")),
        ("A tabular or surrogate benchmark was used too", OPEN,
         "compare.py --table does it for NAS-Bench-201"),
    ]  # fmt: skip


def _report() -> list[Item]:
    return [
        ("How the methods' own settings were tuned, and what that cost", OPEN,
         "say on which seeds and data; not on those above"),
        ("Time of the whole: search, retraining, and what came before", OPEN,
         "the ledger has search and retraining; add tuning and failed attempts"),
        ("All of the setup is told", OPEN, "this page has what the program knows; add the rest"),
    ]  # fmt: skip
