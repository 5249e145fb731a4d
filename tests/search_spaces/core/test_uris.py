"""Addresses in buckets, put together and taken apart."""

import pytest
from hypothesis import given, strategies as st
from pyarrow.fs import FileSystem

from automl_on_ray.search_spaces.core import UserError, above, below, check_no_secrets

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


@pytest.mark.parametrize(
    "uri",
    ["s3://KEY:SECRET@bucket/x", "s3://KEY%3ASECRET%40bucket/x", "s3://KEY:SEC/RET@bucket",
     "s3://KEY:1/SECRET@bucket", "s3://bucket?access_key=SECRET", "s3://bucket?X-Amz-Date=SECRET",
     "gs://bucket?anything=SECRET", "http://user:SECRET@host:5000", "http://host:5000?token=SECRET",
     "https://host/?X-Amz-Signature=SECRET", "https://host/#access_token=SECRET",
     "postgresql://user:SECRET@host/db", "s3://b?endpoint_override=http://KEY:SECRET@host",
     "sqlite:///a.db?password=SECRET", "ray://user:SECRET@host:10001"],
)  # fmt: skip
@pytest.mark.parametrize("option", ["data_dir", "dataset", "storage", "tracking_uri", "address"])
def test_a_secret_in_any_option_is_refused_and_not_repeated(option, uri):
    for value in (uri, [uri]):
        with pytest.raises(UserError, match="must not hold credentials") as told:
            check_no_secrets({"seed": 0, "name": None, option: value})
        assert f"--{option.replace('_', '-')}" in str(told.value)
        assert "SECRET" not in str(told.value)


@pytest.mark.parametrize(
    "text",
    ["s3://bucket/a@b.npz", "s3://bucket?region=eu-west-1&scheme=http&endpoint_override=h%3A9",
     "http://127.0.0.1:5000", "https://host/mlflow", "sqlite:////a/mlflow.db", "/home/a@b/c",
     "a <= 3", "file:///a/b", "ray://host:10001", "mine:SPACE"],
)  # fmt: skip
def test_other_options_may_be_anything(text):
    check_no_secrets({"option": text, "options": [text, text]})
