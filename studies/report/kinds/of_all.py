"""What the kinds of data together add to a page: each study is of one at most.

A module of `KINDS` has `CAPTIONS` of its figures; `figures_of(study)`, which are by name; and
`sure_of(study)`, lines on what was compared on the test part. Both are empty for other studies.
"""

from collections.abc import Mapping

import plotly.graph_objects as go

from automl_on_ray.studies.report.kinds import forecasts, recommended, series, tables
from automl_on_ray.studies.results import StoredStudy

KINDS = (tables, forecasts, series, recommended)


def captions_of_kinds() -> dict[str, str]:
    return {name: caption for kind in KINDS for name, caption in kind.CAPTIONS.items()}


def figures_of_kinds(study: StoredStudy) -> Mapping[str, go.Figure]:
    return {name: figure for kind in KINDS for name, figure in kind.figures_of(study).items()}


def sure_of_kinds(study: StoredStudy) -> list[str]:
    return [line for kind in KINDS for line in kind.sure_of(study)]
