"""Keywords that go together are declared once, and a wrong one is refused as any is."""

from typing import Required, TypedDict, Unpack

import pytest

from automl_on_ray.search_spaces.core import check_keywords, keywords_of


class Size(TypedDict, total=False):
    width: Required[int]
    depth: int


class Named(Size, total=False):
    name: str


def made(space, *, epochs=1, **size: Unpack[Named]):
    check_keywords(size, Named)
    return size


def test_a_function_has_the_keywords_that_it_takes_by_stars():
    assert keywords_of(made) == {"space", "epochs", "width", "depth", "name"}
    assert keywords_of(lambda config, **others: None) == {"config", "others"}


@pytest.mark.parametrize(
    ("given", "said"),
    [({"width": 1, "hight": 2}, "unexpected keyword 'hight'"), ({}, "missing keyword 'width'")],
)
def test_a_keyword_that_is_unknown_or_missing_is_a_type_error(given, said):
    with pytest.raises(TypeError, match=said):
        made(None, **given)


def test_the_others_are_taken():
    assert made(None, width=1, name="a") == {"width": 1, "name": "a"}
