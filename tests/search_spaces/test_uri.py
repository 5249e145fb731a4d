"""Addresses in buckets, put together and taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.fs import FileSystem

from automl_on_ray.search_spaces._uri import above, below

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1)
PARTS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=3)
BASES = st.sampled_from(
    ["s3://bucket", "s3://bucket/", "s3://bucket/runs", "s3://bucket/a%20b/c//"]
)
QUERIES = st.sampled_from(["", "?", "?region=eu-west-1", "?scheme=http&endpoint_override=h%3A9/x"])


@given(BASES, QUERIES, PARTS)
def test_parts_come_before_the_parameters_and_leave_them_alone(base, query, parts):
    path, mark, rest = below(base + query, *parts).partition("?")
    assert mark + rest == query
    assert path.startswith(f"{base.rstrip('/')}/")
    assert path.count("/") == base.rstrip("/").count("/") + len(parts)


@given(BASES, QUERIES, PARTS)
def test_above_takes_back_what_below_has_added(base, query, parts):
    assert above(below(base + query, *parts)) == below(base + query, *parts[:-1])


@given(st.sampled_from(["s3://bucket/runs", "s3://bucket/runs/"]), PARTS)
def test_pyarrow_finds_the_names_that_were_given(base, parts):
    found = FileSystem.from_uri(below(f"{base}?region=eu-west-1", *parts))[1]
    assert found == "/".join(["bucket/runs", *parts])


@pytest.mark.parametrize("uri", ["s3://bucket/runs", "s3://bucket/runs?region=eu-west-1"])
def test_names_as_the_project_makes_them_stay_as_they_are(uri):
    there = below(uri, "my-study_1.b", "0123abcdef", "a_b-3x4").partition("?")[0]
    assert there == "s3://bucket/runs/my-study_1.b/0123abcdef/a_b-3x4"
