"""One page on a study: what was found, how sure, what next; then all figures."""

import html
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import plotly.graph_objects as go

from automl_on_ray.search_spaces.core import UserError, warn, written_whole
from automl_on_ray.studies.importance import Analysis, analyse
from automl_on_ray.studies.report import compared, over_space, over_time
from automl_on_ray.studies.report.cells import cells_of
from automl_on_ray.studies.report.family import family
from automl_on_ray.studies.report.findings import best_config, found, sure
from automl_on_ray.studies.report.kinds import captions_of_kinds, figures_of_kinds
from automl_on_ray.studies.report.next_steps import next_steps
from automl_on_ray.studies.report.svg import svg
from automl_on_ray.studies.report.tuned import tuned_values
from automl_on_ray.studies.results import StoredStudy, read_study, stored_names
from automl_on_ray.studies.transfer import trust_in_words

MOST_KEYS = 40
MOST_NEIGHBOURS, MOST_BYTES = 6, 30_000_000  # of a journal: it is read in a second or two
CAPTIONS = {
    **captions_of_kinds(),
    "History of the best": "Each dot is a trial's last value.",
    "Timeline": "A bar a trial, from its beginning to its last report.",
    "Learning curves": "A cross is where the scheduler cut a trial. Of more than "
    f"{over_time.MOST_CURVES} trials, the best ones and a part of the others.",
    "Parallel coordinates": "A line a trial, coloured by the objective.",
    "Slices": "Dots are trials. A line is the model, if one can be had, with two standard "
    "deviations and all else as in the best trial.",
    "Contour": "What the model foretells over the two that matter most, all else as in the best "
    "trial (the star).",
    "Rank": "Trials over the two that matter most: 0 is the best rank, 1 the worst.",
    "Distribution": "Which share of its trials is so good or better, study by study: higher is "
    "better.",
    "Pareto front": "The first two objectives.",
    "Hypervolume": "The area that the front dominates, as a share of what the best of both would.",
    "Tuned by gradients": "The best trial's values at the end of each epoch. Where a key has "
    "several, such as one a layer: the least, the mean and the largest.",
    "Family": "A row a trial of the population; a line up or down where it took over another's "
    "state.",
}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222a32; margin: 0 auto; padding: 1.2em;
  max-width: 960px; }
h1 { font-size: 1.5em; margin: 0; } h2 { font-size: 1.1em; margin: 1.8em 0 .3em; }
.about, figcaption, .told { color: #5a646e; font-size: .9em; }
.first { display: grid; gap: 1em; grid-template-columns: repeat(auto-fit, minmax(270px, 1fr));
  margin-top: 1em; }
.first section { background: #f4f6f8; border-radius: 8px; padding: .2em 1em .8em; min-width: 0; }
.first h2 { margin-top: .6em; } p, li { overflow-wrap: anywhere; margin: .4em 0; }
ul { padding-left: 1.2em; margin: .3em 0; }
code { background: #eceff2; border-radius: 4px; padding: .1em .3em; font-size: .85em; }
figure { margin: 0; overflow-x: auto; } figure svg { display: block; width: 100%; height: auto; }
figure.wide svg { min-width: 860px; }
table { border-collapse: collapse; font-size: .9em; } td, th { padding: .15em .9em .15em 0;
  text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.cells svg { max-width: 660px; min-width: 560px; }
.config { columns: 270px; list-style: none; padding: 0; font-size: .9em; }
.config li { margin: 0; padding: .2em 0; break-inside: avoid; }
"""


@dataclass(frozen=True)
class Report:
    """`figures` by name, as Python shows them; `html` is the same in one page, without scripts."""

    html: str
    analysis: Analysis
    figures: Mapping[str, go.Figure] = field(default_factory=dict, repr=False)


def write_report(
    study: StoredStudy, path: str | Path, *, others: Sequence[StoredStudy] | None = None
) -> Path:
    """The report as one HTML file; its path.

    `others` are studies to compare it with: if not given, the newest beside it.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(target) as part:
        beside = neighbours(study) if others is None else others
        part.write_text(report_of(study, beside).html)
    return target


def report_of(study: StoredStudy, others: Sequence[StoredStudy] = ()) -> Report:
    """All that can be said of a study as it is now, in seconds."""
    analysis = analyse(study)
    drawn = figures(study, others, analysis=analysis)
    text = "\n".join(_page(study, analysis, drawn))
    return Report(text, analysis, drawn)


def neighbours(study: StoredStudy) -> list[StoredStudy]:
    """Of the studies that were written last beside it, those that it may be compared with."""
    found = []
    beside = study.path.parent
    names = [name for name in stored_names(beside) if name != study.name]
    names = [name for name in names if _journal_bytes(beside / name) < MOST_BYTES]
    for name in names[-MOST_NEIGHBOURS:]:
        with suppress(UserError, OSError, ValueError, KeyError):  # begun by another version, say
            found.append(read_study(name, beside))
    return compared.comparable_studies(study, found)


def _journal_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("journal/*.jsonl"))


def figures(
    study: StoredStudy,
    others: Sequence[StoredStudy] = (),
    *,
    analysis: Analysis | None = None,
) -> dict[str, go.Figure]:
    """Figures by name, those that the study has anything for. Of the `others`, comparable ones."""
    drawn = _figures(study, others, analysis or analyse(study))
    return {name: figure for name, figure in drawn if figure is not None and figure.data}


def _figures(
    study: StoredStudy, others: Sequence[StoredStudy], analysis: Analysis
) -> Iterator[tuple[str, go.Figure | None]]:
    yield from figures_of_kinds(study).items()
    if study.ranked:
        yield "History of the best", over_time.history(study)
        if len(study.objectives) > 1:
            yield "Pareto front", compared.pareto(study)
            yield "Hypervolume", compared.hypervolume(study)
        yield "Learning curves", over_time.curves(study)
        yield "Tuned by gradients", tuned_values(study)
    if study.recorded.trials:
        yield "Timeline", over_time.timeline(study)
    if not study.ranked:
        return
    if study.recorded.lineage:
        yield "Family", family(study)
    yield from _of_space(study, analysis)
    comparable = compared.comparable_studies(study, others)
    yield "Distribution", compared.distribution(study, comparable)


def _of_space(study: StoredStudy, analysis: Analysis) -> Iterator[tuple[str, go.Figure | None]]:
    first, best, model = study.objectives[0], best_config(study), analysis.model
    if analysis.importance:
        yield "Importance", over_space.importance_bars(analysis.importance)
    if analysis.parameters:
        yield "Parallel coordinates", over_space.parallel_coordinates(study, analysis)
    if analysis.parameters and analysis.data.values:
        yield "Slices", over_space.slices(analysis, model, first, best)
    if model is not None:
        yield "Contour", over_space.contour(analysis, model, first, best)
        yield "Rank", over_space.ranks(analysis, first)


def _page(study: StoredStudy, analysis: Analysis, drawn: Mapping[str, go.Figure]) -> Iterator[str]:
    yield "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
    yield "<meta name='viewport' content='width=device-width, initial-scale=1'>"
    yield f"<title>{html.escape(study.name)}</title><style>{STYLE}</style></head><body>"
    yield f"<h1>{html.escape(study.name)}</h1><p class='about'>{html.escape(_about(study))}</p>"
    yield "<div class='first'>"
    yield _section("What was found", [found(study)])
    yield _section("How sure", sure(study))
    yield _section("What next", next_steps(study))
    yield "</div>"
    yield _config(study)
    yield from cells_of(study)
    for name, figure in drawn.items():
        told = f"<p class='told'>{html.escape(analysis.told)}</p>" if name == "Importance" else ""
        yield f"<h2>{name}</h2>{told}{_figure(name, figure)}"
    if study.ranked and "Importance" not in drawn:
        yield f"<h2>Importance</h2><p class='told'>{html.escape(analysis.told)}</p>"
    yield "</body></html>"


def _figure(name: str, figure: go.Figure) -> str:
    caption = html.escape(CAPTIONS.get(name, ""))
    wide = " class='wide'" if name == "Parallel coordinates" else ""
    width = min(figure.layout.width or 900, 900)
    try:
        size = f"width:{width / 9:.0f}%;min-width:{width * 2 / 3:.0f}px"
        drawn = f"<div style='{size}'>{svg(figure)}</div>"
    except Exception as error:  # a figure is not worth the end of a study
        warn(f"The report is without {name!r}: {error!r}")
        return ""
    return f"<figcaption>{caption}</figcaption><figure{wide}>{drawn}</figure>"


def _section(title: str, lines: Sequence[str]) -> str:
    told = "".join(f"<p>{_with_code(line)}</p>" for line in lines)
    return f"<section><h2>{title}</h2>{told}</section>"


def _with_code(line: str) -> str:
    """What stands behind the last colon, if it is a command, is set as one."""
    words, colon, command = line.rpartition(": ")
    if colon and " --" in command:
        return f"{html.escape(words)}: <code>{html.escape(command)}</code>"
    return html.escape(line)


def _config(study: StoredStudy) -> str:
    config = {key: value for key, value in best_config(study).items() if value is not None}
    rows = "".join(
        f"<li>{html.escape(key)} <code>{html.escape(repr(value))}</code></li>"
        for key, value in list(config.items())[:MOST_KEYS]
    )
    return f"<h2>The best config</h2><ul class='config'>{rows}</ul>" if rows else ""


def _about(study: StoredStudy) -> str:
    facts = study.recorded.facts
    began = min((trial.began for trial in study.recorded.trials), default=0.0)
    parts = [f"{study.state} study"]
    if facts:
        objectives = ", ".join(map(str, study.objectives))
        parts.append(f"{objectives} on {facts['dataset']}, space {facts['space']}")
        parts.append(
            f"searcher {facts['searcher']}, scheduler {facts['scheduler']}, seed {facts['seed']}"
        )
        if facts.get("believed"):
            parts.append(f"priors: {facts['believed']}")
    if began:
        parts.append(f"begun {datetime.fromtimestamp(began):%Y-%m-%d %H:%M}")
    told = [*map(str, filter(None, [facts.get("warm_start")])), *_trusted(study)]
    return " ".join(["; ".join(parts) + ".", *told])


def _trusted(study: StoredStudy) -> list[str]:
    trust = study.recorded.trust
    return [f"Trust in earlier studies: {trust_in_words(trust)}."] if trust else []
