"""The model that a study of a table registers."""

from collections.abc import Mapping
from functools import partial
from importlib import metadata
from pathlib import Path

from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.trainables.registered_models import Brought, bring_code, call_types
from automl_on_ray.trainables.tables.conform import CATEGORY, TRUTHS
from automl_on_ray.trainables.tables.models import LIBRARIES
from automl_on_ray.trainables.tables.registered.predictor import Bagged
from automl_on_ray.trainables.tables.table import Table

PACKAGES = ("numpy", "pandas", "scikit-learn", "skops")
BROUGHT = Brought(
    "automl_on_ray.trainables.tables",
    Path(__file__).parents[1],
    ("conform.py", "fitted.py", "registered/predictor.py", "registered/table_model.py",
     "preparation/*.py", "models/*.py"),
    entry="registered.table_model",
    start="automl_tables",
)  # fmt: skip
EXAMPLES = 3  # rows
LISTED = 100  # columns, on the page
PAGE = """Predicts `{target}` of a row: {answers}.

`mlflow.pyfunc.load_model("models:/{{name}}/{{version}}").predict(frame)` answers a DataFrame, one \
row a row: {columns}.

The frame has these columns, raw, in any order; others are passed over. One that is missing is \
refused by its name. Unknown categories and missing values are taken. An odd value in a column of \
numbers or dates, such as a word or an infinite number, counts as missing; a column that holds \
nothing but odd words is refused.

{taken}

To a server (`mlflow models serve`), send JSON `{{"dataframe_records": [{{...}}, ...]}}`.
"""


def final_model_of(
    bagged: Bagged,
    table: Table,
    metrics: Mapping[str, float],
    *,
    folder: Path,
    remarks: tuple[str, ...] = (),
) -> FinalModel:
    """`metrics` are those of the test part. The code that goes with it is written to `folder`."""
    code = bring_code(BROUGHT, folder)
    classes = bagged.classes
    outputs = [("value", "double")]
    if classes:
        outputs = [("label", "string"), ("probability", "double")]
        outputs += [(f"P({name})", "double") for name in classes]
    return FinalModel(
        write=partial(_write, bagged, code.name),
        code=(code,),
        # The model itself makes numbers of "1,234" and texts of 5, as it did when it was trained.
        inputs=tuple((name, "any") for name in bagged.kinds),
        outputs=tuple(outputs),
        example=table.features.head(EXAMPLES),
        requirements=(*PACKAGES, *_libraries(bagged)),
        facts={
            "kind": "table",
            "target": table.target,
            "columns": bagged.kinds,
            "classes": list(classes),
            "members": {trial: weight for trial, (weight, _) in bagged.members.items()},
        },
        page=_page(table.target, bagged),
        remarks=remarks,
        metrics=metrics,
    )


def _write(bagged: Bagged, package: str, folder: Path) -> Path:
    place = folder / "model"
    bagged.save(place)
    call_types(BROUGHT, place, package)
    return place


def _libraries(bagged: Bagged) -> list[str]:
    """Of the members' models, beside scikit-learn: packages by the name that they are installed by.

    XGBoost, for one, comes in several.
    """
    models = {fitted.name for _, folds in bagged.members.values() for fitted in folds}
    modules = {LIBRARIES[name] for name in models if name in LIBRARIES}
    installed = metadata.packages_distributions() if modules else {}
    return sorted(installed.get(name, [name])[0] for name in modules)


def _on_codes(name: str, kind: str, bagged: Bagged) -> str:
    if kind != CATEGORY or bagged.formats.get(name, TRUTHS) == TRUTHS:
        return ""
    return f" of codes with zeros in front; read `{name}` as text: `dtype={{{name!r}: str}}`"


def _page(target: str, bagged: Bagged) -> str:
    listed = [
        f"- `{name}`: {kind}{_on_codes(name, kind, bagged)}"
        for name, kind in list(bagged.kinds.items())[:LISTED]
    ]
    more = len(bagged.kinds) - LISTED
    answered = "`label`, its `probability`, and `P(NAME)` of each class"
    return PAGE.format(
        target=target,
        answers=", ".join(bagged.classes) or "a number",
        columns=answered if bagged.classes else "`value`",
        taken="\n".join([*listed, *([f"- and {more} more"] if more > 0 else [])]),
    )
