"""What trials have tuned by gradients: the best one's values by epoch, and how to use them again.

Such a trial reports them as `hyper/KEY`; its config has where they started. Of a key with several
values, such as one a layer, the report has the least, the mean and the largest: those are in the
page alone.
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace

from automl_on_ray.command_line import console, is_python_call, same_command, with_options
from automl_on_ray.schedulers.populations import Segment
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.domains import nearest
from automl_on_ray.studies.finish.best_config import written
from automl_on_ray.studies.folder import write_json
from automl_on_ray.studies.identity import option_of
from automl_on_ray.studies.plan import SEARCHING, StudyPlan
from automl_on_ray.studies.populations import SCHEDULE
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.tracking import RecordedStudy, TrackingCallback, read_recorded

TUNED_CONFIG = "tuned_config.json"
REPORTED = "hyper/"  # before the name of a value in a report
RATE, RESTARTS = "learning_rate", "restarts"  # what a restart lowers, and their count in a report


def keep_tuned_values(
    plan: StudyPlan,
    best: Row | None,
    lives: Mapping[str, Sequence[Segment]],
    tracking: TrackingCallback,
) -> list[Segment]:
    """The schedule that the best trial found, epoch by epoch; empty if it has tuned nothing.

    It is kept as --replay takes it, and what to begin again with as --try-first does: in the
    study's folder and in MLflow. `lives` tell what each trial's config was, where a population
    changed it.
    """
    if best is None or not _tuned(best):
        return []
    recorded = read_recorded(plan.study.path / "journal", plan.study.study_id)
    space: SearchSpace = plan.trial_kwargs["space"]
    born = Segment(0, best.iterations, best.trial_id, best.config)
    life = lives.get(best.trial_id, [born])
    schedule = [one for part in life for one in by_epoch(part, recorded, space)]
    constants = space.active(space.flat.constants)  # which --try-first may not change
    first = to_begin_with(schedule, _tuned(best))
    own = {key: constants.get(key, value) for key, value in first.items()}
    write_json(plan.study.path / SCHEDULE, [asdict(one) for one in schedule])
    write_json(plan.study.path / TUNED_CONFIG, [own])
    kept = {name: (plan.study.path / name).read_text() for name in (SCHEDULE, TUNED_CONFIG)}
    from automl_on_ray.schedulers.populations import draw_schedule  # and matplotlib

    tracking.study_files({**kept, "schedule.png": draw_schedule(schedule)})
    return schedule


def to_begin_with(schedule: Sequence[Segment], tuned: Collection[str]) -> Config:
    """What to train with from scratch: the last values, but the largest learning rate of all.

    A rate falls while training goes on, and the more so by gradients that look few steps ahead (Wu
    et al. 2018, arXiv:1803.02021). One that broke training is not in a schedule.
    """
    largest = {RATE: max(one.config[RATE] for one in schedule)} if RATE in tuned else {}
    return {**schedule[-1].config, **largest}


def _tuned(best: Row) -> list[str]:
    return [key for key in best.config if f"{REPORTED}{key}" in best.metrics]


def by_epoch(part: Segment, recorded: RecordedStudy, space: SearchSpace) -> list[Segment]:
    """A part of a life, with the values that were reported at the end of each of its epochs.

    A learning rate that broke training would break it again. So before the epoch of the last
    restart it is no larger than that epoch ended with. MLflow's steps of a trial that took over
    another's state go on where its own were.
    """
    curve = next((dict(t.curve) for t in recorded.trials if t.trial_id == part.trial), {})
    offsets = [
        one["offset"]
        for one in recorded.lineage
        if (one["trial"], one["donor_iteration"]) == (part.trial, part.start)
    ]
    config, found, restarts = written(part.config, space), [], [0.0]
    for epoch in range(part.start + 1, part.end + 1):
        reported = curve.get(epoch + (offsets[-1] if offsets else 0), {})
        config = {**config, **_values(config, reported, space)}
        found.append(replace(part, start=epoch - 1, end=epoch, config=config))
        restarts.append(reported.get(RESTARTS, restarts[-1]))
    last = max(0, restarts.index(restarts[-1]) - 1)
    return [_cut(one, found[last].config) for one in found[:last]] + found[last:]


def _cut(early: Segment, later: Config) -> Segment:
    if RATE not in later:
        return early
    return replace(early, config={**early.config, RATE: min(early.config[RATE], later[RATE])})


def _values(config: Config, reported: Mapping[str, float], space: SearchSpace) -> Config:
    """Those of `config` that were tuned, as the space can have them: they may be rounded."""
    found = {key: reported.get(f"{REPORTED}{key}") for key in config}
    domains = space.domains
    return {
        key: nearest(domains[key], value) if key in domains else value
        for key, value in found.items()
        if value is not None
    }


def say_tuned_values(plan: StudyPlan, best: Row, schedule: Sequence[Segment]) -> None:
    """The best trial's values at its end, and the commands that use them again."""
    last = schedule[-1].config
    told = ", ".join(f"{key} {last[key]:.4g} (from {best.config[key]:.4g})" for key in _tuned(best))
    console.print(f"What the best trial tuned came to {told}.", soft_wrap=True)
    path = plan.study.path
    given = [field for field in SEARCHING if getattr(plan.asked, field, None)]
    if _are_typed(given):
        command = same_command(plan.name, without=given)
        again = with_options(command, name=f"{plan.name}-replay", replay=str(path / SCHEDULE))
        console.print("To train along these values, epoch by epoch:")
        console.print(f"  {again}", style="bold", soft_wrap=True)
    if set(_tuned(best)) & set(plan.evaluation.space.domains):
        command = same_command(plan.name, without=["try_first"])
        tried = str(path / TUNED_CONFIG)
        rate = ", with the largest learning rate on the way" if RATE in _tuned(best) else ""
        console.print(f"To search on from where they came to{rate}:")
        searched = with_options(command, name=f"{plan.name}-2", try_first=tried)
        console.print(f"  {searched}", style="bold", soft_wrap=True)


def _are_typed(fields: Sequence[str]) -> bool:
    """And none is in a --config file, from where it cannot be left out."""
    words = {word.partition("=")[0] for word in sys.argv}
    return is_python_call() or all(f"--{option_of(field)}" in words for field in fields)
