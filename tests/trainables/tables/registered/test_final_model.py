"""What the page of a registered model tells of its columns."""

from automl_on_ray.trainables.tables import Bagged, final_model_of
from tests.trainables.tables.fitted_tables import attrition, bagged


def test_the_page_says_which_columns_to_read_as_text(tmp_path):
    fitted = bagged(attrition, "linear")
    kinds = {"zip": "category", "town": "category", "since": "date"}
    model = Bagged(
        fitted.members, classes=fitted.classes, kinds=kinds,
        formats={"zip": "00000", "since": "day first"},
    )  # fmt: skip
    page = final_model_of(model, attrition(), {}, folder=tmp_path / "code").page
    assert (
        "- `zip`: category of codes with zeros in front; read `zip` as text: `dtype={'zip': str}`\n"
        "- `town`: category\n"
        "- `since`: date\n"
    ) in page
