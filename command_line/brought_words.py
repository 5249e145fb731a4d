"""Words that people bring from other tools, and what they are called here.

Each is answered in a line. Nothing is put in its place: a study's command says what it does.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from automl_on_ray.search_spaces.core import UserError, choices


@dataclass(frozen=True)
class Brought:
    """`words` are `here` here: the first of these that there is. `hint` says more."""

    words: tuple[str, ...]
    here: tuple[str, ...]
    hint: str = ""


_TRIALS = ("--trials",)
_BOTH_WAYS = "accuracy maximises, -loss minimises"
_IN_SPACE = "the space says what varies, and a constant there fixes it"

OPTIONS = (
    Brought(("--num-samples", "--n-trials", "--num-trials", "--max-trials", "--n-iter"), _TRIALS),
    Brought(("--supernets", "--proposals"), _TRIALS),
    Brought(("--max-evals", "--n-calls", "--count", "--iterations"), _TRIALS),
    Brought(("--n-jobs", "--jobs", "--num-workers", "--parallelism", "--concurrency",
             "--max-concurrent", "--max-concurrent-trials", "--parallel"), ("--slots",)),
    Brought(("--max-epochs", "--num-epochs", "--n-epochs", "--max-t", "--max-iter"), ("--epochs",)),
    Brought(("--metric", "--monitor", "--mode", "--direction", "--goal", "--eval-metric",
             "--scoring"), ("--objective",), _BOTH_WAYS),
    Brought(("--timeout", "--time-budget", "--time-budget-s", "--time-limit", "--max-time",
             "--total-time-limit", "--max-runtime-secs"), ("--minutes",), "in minutes"),
    Brought(("--trial-timeout",), ("--trial-minutes",), "in minutes"),
    Brought(("--gpus", "--num-gpus", "--use-gpu", "--n-gpus"), ("--gpus-per-trial",)),
    Brought(("--cpus", "--num-cpus", "--n-cpus"), ("--cpus-per-trial",)),
    Brought(("--study-name", "--run-name", "--study"), ("--name",)),
    Brought(("--resume", "--load-if-exists"), ("--name",),
            "the same command with the same name resumes a study"),
    Brought(("--overwrite", "--restart"), ("--fresh",)),
    Brought(("--experiment-name", "--project"), ("--experiment",)),
    Brought(("--sampler", "--search-alg", "--algorithm", "--algo", "--tuner", "--strategy"),
            ("--searcher",)),
    Brought(("--pruner", "--early-stopping", "--early-stop"), ("--scheduler",)),
    Brought(("--random-state", "--random-seed"), ("--seed",)),
    Brought(("--output-dir", "--log-dir", "--local-dir", "--storage-path", "--directory"),
            ("--storage",)),
    Brought(("--points-to-evaluate", "--enqueue", "--initial-points"), ("--try-first",)),
    Brought(("--data", "--data-path"), ("--dataset",)),
    Brought(("--data", "--data-path", "--dataset", "--train-data", "--train", "--table", "--input",
             "--csv", "--file"), ("DATASET",), "the path by itself, without an option before it"),
    Brought(("--label", "--labels", "--label-column", "--target-column", "--response", "--y",
             "--y-column"), ("--target",)),
    Brought(("--problem-type", "--task-type", "--problem"), ("--task",)),
    Brought(("--cv", "--nfolds", "--n-folds", "--num-folds", "--n-splits", "--num-bag-folds"),
            ("--folds",)),
    Brought(("--time-column", "--date", "--date-column", "--timestamp"), ("--time",)),
    Brought(("--groups", "--group-column", "--split-column"), ("--group",)),
    Brought(("--infer-limit",), ("--outcome-constraint",),
            'such as "predict_seconds <= 0.1", of 1,000 rows'),
    Brought(("--population-size",), ("--population",)),
    Brought(("--perturbation-interval",), ("--interval",), "in epochs"),
    Brought(("--max-retries", "--retries"), ("--max-failures",)),
    Brought(("--server", "--mlflow-uri"), ("--tracking-uri",)),
    Brought(("--lr",), ("--learning-rate",)),
    Brought(("--lr", "--learning-rate", "--batch-size", "--dropout", "--optimizer", "--param-space",
             "--search-space", "--presets", "--estimator-list", "--models"),
            ("--space",), _IN_SPACE),
)  # fmt: skip

# Of options that choose a file of a room. A value may be another option's, with its name.
VALUES = {
    "searcher": (
        Brought(("tpe", "hyperopt", "optuna-search", "multivariate-tpe"), ("optuna",)),
        Brought(("bo", "gp", "ax", "botorch", "bayes", "bayesopt", "bayes-opt", "bayesian-search",
                 "bayesian-optimization", "bayesian-optimisation"), ("bayesian",)),
        Brought(("random-search", "randomized"), ("random",)),
        Brought(("grid", "grid-search", "grid_search"), ("sobol",),
                "it covers the space evenly, with as many trials as you like"),
        Brought(("qmc", "halton", "quasi-random", "latin-hypercube", "lhs"), ("sobol",)),
        Brought(("nsga2", "nsga-ii", "nsgaii", "genetic", "ga", "regularized-evolution",
                 "regularised-evolution", "ageing-evolution", "aging-evolution"), ("evolution",)),
        Brought(("rl", "reinforcement", "reinforcement-learning", "policy-gradient"),
                ("reinforce",)),
        Brought(("bananas", "nasbowl", "nas-bowl", "weisfeiler-lehman"), ("gaussian-process",)),
        Brought(("local-search", "hill-climbing"), ("local",)),
        Brought(("bohb",), ("bayesian",), "give --scheduler hyperband with it"),
        Brought(("successive-halving", "asha", "sha"), ("--scheduler asha",)),
        Brought(("hyperband",), ("--scheduler hyperband",)),
        Brought(("pbt",), ("--scheduler pbt",)),
    ),
    "scheduler": (
        Brought(("successive-halving", "sha", "async-hyperband", "asynchyperband",
                 "async-successive-halving"), ("asha",)),
        Brought(("hb", "sync-hyperband"), ("hyperband",)),
        Brought(("bohb",), ("hyperband",), "give --searcher bayesian with it"),
        Brought(("median", "median-stopping-rule", "medianstopping", "median-pruner"),
                ("median-stopping",)),
        Brought(("none", "no", "off", "nop"), ("fifo",), "each trial runs to its end"),
        Brought(("population-based-training", "population"), ("pbt",)),
        Brought(("population-based-bandits", "pb"), ("pb2",)),
        Brought(("tpe", "optuna"), ("--searcher optuna",)),
        Brought(("random",), ("--searcher random",)),
        Brought(("bayesian", "ax"), ("--searcher bayesian",)),
    ),
}  # fmt: skip
_ROOMS = {"searcher": "searchers", "scheduler": "schedulers"}


def answer_to_option(word: str, known: Collection[str]) -> str:
    """What an option that is none is called here, in a line; "" if nobody brings it.

    `known` are the options that there are.
    """
    return _answer(OPTIONS, word, lambda here: here in known, str)


def refuse_brought_values(values: Mapping[str, Any]) -> None:
    """UserError for a word that is called otherwise here. A file of that name is a choice, though.

    `values` are those of options, by their fields.
    """
    for option, table in VALUES.items():
        word = str(values.get(option) or "").partition(":")[0]
        if word in choices(_ROOMS[option]):
            continue
        spelled = f"--{option} {{}}".format
        said = _answer(table, word.lower(), lambda _: True, spelled)
        if said:
            raise UserError(said)


def _answer(
    table: tuple[Brought, ...],
    word: str,
    there_is: Callable[[str], bool],
    spelled: Callable[[str], str],
) -> str:
    for one in table:
        here = next(filter(there_is, one.here), None)
        if word in one.words and here is not None:
            told = here if here.startswith("--") else spelled(here)
            return f"{word} is {told} here{f': {one.hint}' if one.hint else ''}."
    return ""
