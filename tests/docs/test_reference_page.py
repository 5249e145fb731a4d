"""docs/python/reference.md is what the docstrings say."""

import automl_on_ray
from docs.python import reference_page


def test_the_page_is_up_to_date():
    assert reference_page.PAGE.read_text(encoding="utf-8") == reference_page.page(), (
        "docs/python/reference.md is not what the docstrings say: run `make docs`"
    )


def test_all_that_is_offered_is_on_the_page():
    text = reference_page.page()
    for name in automl_on_ray.__all__:
        assert f"\n## {name}\n" in text
    assert "- `.trials()`: One row a trial" in text


def test_a_signature_tells_which_arguments_are_given_by_name_alone():
    text = reference_page.page()
    assert "\n    *,\n    objective: str" in text
