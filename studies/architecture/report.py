"""Reports an architecture search on the terminal and in MLflow."""

import json
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from automl_on_ray.command_line import FAILED_TRIALS, NOT_TRACKED, console
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.search_spaces.drawings import TABLE
from automl_on_ray.studies.architecture.candidates import (
    Candidate,
    Judged,
    Searched,
    best_rows,
    rank_correlation,
)
from automl_on_ray.studies.architecture.plan import NasPlan
from automl_on_ray.studies.finish import config_text, print_failures, why_nothing_scored
from automl_on_ray.studies.inputs import images_of
from automl_on_ray.studies.live import clock
from automl_on_ray.studies.trial_rows import Row, pareto_front, scored
from automl_on_ray.tracking import TrackingCallback

SHOWN = 10  # besides those of the search, of which all are shown


def print_searched(searched: Sequence[Searched], plan: NasPlan) -> None:
    """The search's trials, best first, with what the doctor says of them."""
    way, aims = plan.way, plan.evaluation.objectives
    shown = way.COLUMNS or {name: name for name in _others(aims)}
    headers = ["trial", aims[0].metric, *shown.values(), "epochs"]
    table = _table(way.TITLE or f"{_plural(way.form.noun).capitalize()} tried", headers)
    ranked = scored(searched, aims)
    for row in ranked[:SHOWN]:
        values = [_told(row.metrics.get(name)) for name in (aims[0].metric, *shown)]
        table.add_row(row.trial_id, *values, str(row.iterations))
    console.print(table)
    if ranked and way.TITLE:  # what was proposed is not what is drawn later
        console.print(f"{ranked[0].trial_id}: {config_text(ranked[0].config)}", soft_wrap=True)
    for one in searched:
        if one.warning:
            console.print(
                f"Collapse in {one.trial_id}: {one.warning}.", style="yellow", soft_wrap=True
            )


def print_judged(judged: Sequence[Judged], plan: NasPlan, seconds: Mapping[str, float]) -> None:
    """The table of all candidates, best first, and what the search was worth.

    `seconds` are what the parts took: search, select and control.
    """
    if not judged:
        return
    aims, searched = plan.objectives, plan.evaluation.objectives[0]
    noun, nouns = plan.way.form.noun, _plural(plan.way.form.noun)
    seeds = max(len(j.values) for j in judged)
    others = _others(aims)
    table = _table(
        f"{nouns.capitalize()} trained by themselves, {seeds} seed{'s' * (seeds > 1)} each",
        [noun, aims[0].metric, *others, f"search's {searched.metric}"],
    )
    for place, j in enumerate(judged, 1):
        if j.candidate.control and place > SHOWN:
            continue
        score = j.candidate.search_score
        spread = "" if j.half_width != j.half_width else f" ± {j.half_width:.2g}"
        table.add_row(
            f"{place}. {j.candidate.origin}",
            f"{j.mean:.4f}{spread}",
            *(_told({**j.row.metrics, **j.means}.get(metric)) for metric in others),
            "" if score is None else f"{score:.4g}",
        )
    console.print(table)
    random = sum(j.candidate.control for j in judged)
    console.print(
        f"{len(judged)} {nouns}. The search took {clock(seconds['search'])}, its {nouns} "
        f"{clock(seconds['select'])}; {random} random {nouns} {clock(seconds['control'])}."
    )
    for line in [*_front(judged, aims), *verdict(judged, searched, aims[0], noun)]:
        console.print(line, soft_wrap=True)


def _plural(noun: str) -> str:
    return f"{noun}s"


def _table(title: str, headers: Sequence[str]) -> Table:
    """The first column is of names, the others are of numbers."""
    table = Table(title=title, title_justify="left")
    for place, header in enumerate(headers):
        table.add_column(Text(header), justify="right" if place else "left", no_wrap=True)
    return table


def _others(objectives: Sequence[Objective]) -> list[str]:
    """Metrics to be shown beside that of the first objective."""
    return [objective.metric for objective in objectives[1:]] or ["parameters"]


def _told(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


def _front(judged: Sequence[Judged], objectives: Sequence[Objective]) -> list[str]:
    """Of several objectives, which candidates no other beats in all of them."""
    if len(objectives) == 1:
        return []
    rows = best_rows(judged)
    front = pareto_front(rows, objectives)
    places = [str(place) for place, row in enumerate(rows, 1) if row in front]
    aims = ", ".join(map(str, objectives))
    return [f"Pareto front of {aims}: {', '.join(places)}. The first of these is trained anew."]


def verdict(judged: Sequence[Judged], searched: Objective, own: Objective, noun: str) -> list[str]:
    """Whether the search was worth it, and whether its score ranks cells, in plain words."""
    found = [j for j in judged if not j.candidate.control]
    control = [j for j in judged if j.candidate.control]
    best = [j for j in found if not j.candidate.spread]
    lines = []
    if best and control:
        difference = own.sign() * (best[0].mean - control[0].mean)
        average = own.sign() * (
            sum(j.mean for j in best) / len(best) - sum(j.mean for j in control) / len(control)
        )
        better = "better" if difference > 0 else "not better"
        lines.append(
            f"The best {noun} of the search is {better} than the best of {len(control)} random "
            f"{_plural(noun)} ({difference:+.4f} {own.metric}; on average {average:+.4f})."
        )
        widths = [j.half_width for j in (best[0], control[0])]
        if not all(w == w and abs(difference) > w for w in widths):
            lines.append("The difference is within the seeds' spread: too small to rely on.")
    tau, p_value, count = rank_correlation(judged, searched, own)
    spread = sum(j.candidate.spread for j in found)
    others = f", {spread} of them from other ranks than the best" if spread else ""
    if tau == tau:
        lines.append(
            f"Kendall's tau of the search's {searched.metric} (better is higher) with "
            f"this ranking: {tau:+.2f} over {count} {_plural(noun)}{others} (p = {p_value:.2g})."
        )
    elif count:
        few = f"it takes three {_plural(noun)}, and there are {count}"
        alike = f"one of the two is the same for all {count} {_plural(noun)}"
        lines.append(
            f"Kendall's tau of the search's {searched.metric} with this ranking cannot be told: "
            f"{few if count < 3 else alike}."
        )
    return lines


def end_stage(
    failed: Sequence[Row],
    *,
    nothing: str,
    rows: Sequence[Row],
    objectives: Sequence[Objective],
    tracked: bool,
) -> None:
    """Name failed trials; exit code 1 if there are any, or if the stage came to nothing.

    Else 4, if MLflow does not have all of it yet. `nothing` is what it came to none of, if it came
    to nothing. `rows` are all of the stage's, judged by `objectives`.
    """
    if nothing:
        console.print(f"No {nothing} came of this stage, so the search ends here.", style="red")
    if nothing and not scored(rows, objectives):
        console.print(why_nothing_scored(rows, objectives), style="red")
    if print_failures(failed) or nothing:
        raise SystemExit(FAILED_TRIALS)
    if not tracked:
        raise SystemExit(NOT_TRACKED)


def print_winner(winner: Candidate, plan: NasPlan) -> None:
    """As text, as papers write it, and how it is trained where that varies too."""
    form, space = plan.way.form, plan.candidates
    member = _member(winner, plan)
    console.print(form.text(member), soft_wrap=True)
    if form.genotype is not None:
        console.print(form.genotype(member), soft_wrap=True)
    training = {key: value for key, value in winner.config.items() if key in space.training}
    if training and form != TABLE:
        console.print(f"Trained with {config_text(training)}", soft_wrap=True)


def keep_winner(tracking: TrackingCallback, winner: Candidate, plan: NasPlan) -> None:
    """Drawing, text and config of the best candidate, with the study's run.

    And the pictures of the search that it is from, where the study's folder has them by trial.
    """
    form, member = plan.way.form, _member(winner, plan)
    images = images_of(plan.data)
    shape = images.image_shape if images else None
    files: dict[str, str | bytes] = {
        f"{form.noun}.svg": form.draw(member, shape, "svg").decode(),
        f"{form.noun}.png": form.draw(member, shape, "png"),
        f"{form.noun}.txt": form.text(member),
        f"{form.noun}.json": json.dumps(winner.config, indent=1),
    }
    if form.genotype is not None:
        files[f"{form.noun}.genotype"] = form.genotype(member) + "\n"
    trial_id, pictures = winner.origin.split()[0], plan.study.path / "pictures"
    files |= {f"search/{file.name}": file.read_bytes() for file in pictures.glob(f"{trial_id}/*")}
    tracking.study_files(files)
    tracking.study_end("stopped")  # the study goes on with the next stage


def _member(winner: Candidate, plan: NasPlan) -> Config:
    """What varies, in a form of its own with what does not: a table leaves that out."""
    if plan.way.form == TABLE:
        return winner.config
    return plan.candidates.active({**plan.candidates.constants, **winner.config})
