"""The plan of a study of hyperparameters: all settings, checked before anything is started."""

from dataclasses import replace
from typing import Any

from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import parse_objectives
from automl_on_ray.studies.hpo.settings import HpoSettings
from automl_on_ray.studies.inputs import (
    check_data_parallel,
    check_one_process,
    data_kwargs,
    find_space,
    find_trainable,
    hypergradients_of,
    keys_in,
    load_data,
    network_kwargs,
    objectives_of,
    own_kwargs,
    trained_together,
    tunables,
    tuning,
    usual_hypergradients,
    with_starts,
)
from automl_on_ray.studies.plan import Evaluation, StudyPlan, draft_study, open_plan, replayed
from automl_on_ray.trainables.hypergradients import HypergradientSettings


def prepare(asked: HpoSettings) -> StudyPlan:
    """Nothing is started yet. Raises UserError for whatever its user can mend."""
    asked.check()
    klass, space, tuned = _tuned(asked)
    asked, schedule = replayed(asked, space, tunables(klass))
    objectives = objectives_of(asked.objective, klass)
    workers = {"search_workers": asked.search_workers, "train_workers": asked.train_workers}
    check_data_parallel(klass, **workers)
    evaluation = Evaluation(
        "trial", trained_together(klass, asked.search_workers), space, objectives, asked.trials,
        asked.epochs, asked.search_workers,
    )  # fmt: skip
    draft = draft_study(asked, evaluation, klass, schedule)
    trial_kwargs: dict[str, Any] = {
        "space": space, **data_kwargs(asked.dataset, asked.data_dir), "subset": asked.subset,
        "epochs": asked.epochs, "seed": asked.seed, **own_kwargs(asked.trainable),
        **({"hypergradients": tuned} if tuned else {}),
        **network_kwargs(asked.limit or (), objectives, asked.outcome_constraint or (), klass),
    }  # fmt: skip
    data, trial_kwargs = load_data(klass, trial_kwargs)
    draft.reach_stores()
    evaluation = replace(evaluation, trial_kwargs=trial_kwargs)
    own = {"objective": [str(objective) for objective in objectives]}
    return open_plan(draft, evaluation, data, trial_kwargs, own)


def _tuned(
    asked: HpoSettings,
) -> tuple[type[tune.Trainable], SearchSpace, HypergradientSettings | None]:
    """The trainable, the space with all start values, and what trials tune by gradients."""
    klass = find_trainable(asked.trainable, parse_objectives(asked.objective)[0].metric)
    space = find_space(asked.space)
    known = tunables(klass)
    tuned = hypergradients_of(
        asked.hypergradient, klass, outer_optimizer=asked.outer_optimizer,
        outer_rate=asked.outer_rate, unroll=asked.unroll,
    )  # fmt: skip
    if tuned is None and asked.replay is None:
        tuned = usual_hypergradients(klass)
    if tuned is not None:
        check_one_process(search_workers=asked.search_workers, train_workers=asked.train_workers)
        return tuning(klass), with_starts(space, [one.key for one in tuned.tuned], known), tuned
    if asked.replay is None:
        return klass, space, None
    # A trainable of the user's would tune what it is to follow, so it is told to tune nothing.
    changing = known.keys() & set(keys_in(asked.replay))
    return klass, with_starts(space, changing, known), HypergradientSettings(())
