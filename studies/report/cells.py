"""The architectures of a study: the best one drawn, and how it compares with random ones."""

import html
import math
import re
from collections.abc import Iterator

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.cells import keys
from automl_on_ray.search_spaces.core import choices, find
from automl_on_ray.search_spaces.drawings import DARTS_CELLS, TABLE, Form
from automl_on_ray.studies.report.findings import Group, groups_of
from automl_on_ray.studies.results import StoredStudy, half_width
from automl_on_ray.trainables.image_classifier import DEFAULTS

SHOWN = 15
SPACES = "search_spaces"


def cells_of(study: StoredStudy) -> Iterator[str]:
    """HTML; nothing for a study that searches no architectures."""
    best = study.best
    if best is None:
        return
    form = _form_of(study, best.config)
    if form is None:
        return
    noun = form.noun
    groups = groups_of(study)
    chosen = next((group for group in groups if best in group.trials), groups[0])
    metric = study.objectives[0].metric
    head = "".join(f"<th>{text}</th>" for text in ("", noun, metric, "seeds", "parameters"))
    rows = "".join(_row(place, group) for place, group in enumerate(groups[:SHOWN], 1))
    yield f"<h2>{noun.capitalize()}s</h2><table><tr>{head}</tr>{rows}</table>"
    whence = f"a random {noun}" if chosen.random else "found by the search"
    yield f"<figcaption>The best {noun}, {whence}.</figcaption>"
    yield f"<figure class='cells'>{_drawn(study, chosen, form)}</figure>"


def _form_of(study: StoredStudy, config: Config) -> Form | None:
    """By the space's name, if it is one of ours; None where no trial is an architecture."""
    if all(key in config for key, _ in keys()):
        return DARTS_CELLS
    if study.asked.get("workflow") != "nas":
        return None
    name = str(study.recorded.facts.get("space", ""))
    if name.partition(" ")[0] == "darts":  # "darts cells of s2" in studies of former versions
        return None
    own = find(SPACES, name, kind="space").SPACE if name in choices(SPACES) else None
    # A space of the user's may have the same name.
    alike = own is not None and set(config) - {"seed"} <= {*own.all, *DEFAULTS}
    return own.form if own is not None and own.form is not None and alike else TABLE


def _row(place: int, group: Group) -> str:
    trial = group.trials[0]
    half = half_width(group.values)
    spread = f" ± {half:.2g}" if math.isfinite(half) else ""
    whence = "random" if group.random else "search"
    parameters = trial.metrics.get("parameters", math.nan)
    cells = [
        f"{place}.", f"{html.escape(trial.trial_id)} ({whence})", f"{group.mean:.4f}{spread}",
        str(len(group.values)), f"{parameters:,.0f}" if math.isfinite(parameters) else "",
    ]  # fmt: skip
    return f"<tr>{''.join(f'<td>{text}</td>' for text in cells)}</tr>"


def _drawn(study: StoredStudy, group: Group, form: Form) -> str:
    config = group.trials[0].config.items()
    own = {key: value for key, value in config if value is not None and key != "seed"}
    shape = study.recorded.facts.get("dataset_context", {}).get("image shape")
    text = form.draw(own, tuple(shape) if shape else None, "svg").decode()
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
