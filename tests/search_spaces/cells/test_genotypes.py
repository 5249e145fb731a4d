"""Genotypes as others print them: what is taken, and what is refused."""

import ast

import pytest
from hypothesis import given, strategies as st

from automl_on_ray.search_spaces.cells import (
    KNOWN,
    genotype_text,
    keys,
    pairs,
    parse_genotypes,
    published_cell,
    split_words,
)
from automl_on_ray.search_spaces.core import UserError

USABLE = [name for name in KNOWN if name != "none"]
NORMAL = (
    "[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)]"
)
REDUCE = (
    "[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), "
    "('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)]"
)
V2 = f"Genotype(normal={NORMAL}, normal_concat=[2, 3, 4, 5], reduce={REDUCE}, reduce_concat=[2, 3, 4, 5])"  # noqa: E501
MODULE = f"""
from collections import namedtuple
Genotype = namedtuple("Genotype", "normal normal_concat reduce reduce_concat")
class Genotype(NamedTuple): pass

# OLD = Genotype(normal=[], reduce=[])
NASNet = Genotype(
  normal = [
    ('sep_conv_5x5', 1),  # (first)
    ('sep_conv_7x7', 0),
  ],
  normal_concat = [4, 5, 6], reduce = [], reduce_concat = [4])
V1: Genotype = genotypes.Genotype({NORMAL}, range(2, 6), {REDUCE}, range(2, 6))
V2 = {V2}
DARTS = V2
"""


@st.composite
def cells(draw):
    return {
        key: draw(st.sampled_from(USABLE if node is None else pairs(node))) for key, node in keys()
    }


@given(cells())
def test_a_cell_s_printed_genotype_is_read_as_that_cell(config):
    assert list(parse_genotypes(genotype_text(config), "text").values()) == [config]


def by_node(text):
    """As programs print it that keep a list for each node."""
    edges = ast.literal_eval(text)
    return repr([list(pair) for pair in zip(edges[::2], edges[1::2], strict=True)])


@pytest.mark.parametrize(
    "text",
    [
        V2,
        f"Genotype({NORMAL}, range(2, 6), {REDUCE}, range(2, 6))",
        f"Genotype(normal={NORMAL}, reduce={REDUCE})",
        f"Genotype(normal={by_node(NORMAL)}, normal_concat=range(2, 6), "
        f"reduce={by_node(REDUCE)}, reduce_concat=range(2, 6))",
        V2.replace("[2, 3, 4, 5]", "list(range(2, 6))"),
        V2.replace("('", "['").replace("), ", "], ").replace(")], ", "]], ").replace(")]", "]]"),
        V2.replace("skip_connect", "identity").replace("dil_conv_3x3", "dil_sepc_3x3"),
        f"11/28 03:14:15 PM genotype = {V2}\n11/28 03:14:16 PM valid_acc 88.1\n",
    ],
    ids=["list", "positional", "no concat", "by node", "list(range)", "lists", "aliases", "log"],
)
def test_the_usual_ways_to_print_a_genotype_are_the_published_cell(text):
    assert list(parse_genotypes(text, "text").values()) == [published_cell("darts_v2")]


def test_a_module_gives_the_one_that_is_named_and_refuses_what_is_no_cell_of_this_space():
    assert parse_genotypes(MODULE, "genotypes.py", "V2") == {"V2": published_cell("darts_v2")}
    assert parse_genotypes(MODULE, "genotypes.py", "V1") == {"V1": published_cell("darts_v2")}
    with pytest.raises(UserError, match=r"genotypes.py, NASNet: normal has 2 edges; a cell has 8"):
        parse_genotypes(MODULE, "genotypes.py")
    with pytest.raises(UserError, match="has no genotype 'V3'; it has NASNet, V1, V2"):
        parse_genotypes(MODULE, "genotypes.py", "V3")


def test_several_in_one_text_are_told_apart_by_name_or_number():
    text = f"A = {V2}\n{V2}\n"
    assert list(parse_genotypes(text, "text")) == ["A", "2"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("'sep_conv_3x3', 0", "'sep_conv_9x9', 0", "Unknown operation 'sep_conv_9x9'"),
        ("'sep_conv_3x3', 0", "'none', 0", "leaves the node without an input"),
        ("('sep_conv_3x3', 0), ", "", "normal has 7 edges; a cell has 8"),
        ("('sep_conv_3x3', 0)", "('sep_conv_3x3', 2)", "node 2 of normal takes state 2"),
        ("('sep_conv_3x3', 0)", "('sep_conv_3x3', -1)", "node 2 of normal takes state -1"),
        ("('sep_conv_3x3', 0)", "('sep_conv_3x3', 1)", "takes state 1 twice"),
        ("('sep_conv_3x3', 0)", "('sep_conv_3x3', True)", "must be a list of pairs"),
        ("('sep_conv_3x3', 0)", "(0, 'sep_conv_3x3')", "must be a list of pairs"),
        ("('sep_conv_3x3', 0)", "('sep_conv_3x3', 0, 0.5)", "must be a list of pairs"),
        ("('sep_conv_3x3', 0)", "('sep_conv_3x3', print(1))", "without names or calls"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=[4, 5]", "normal_concat must be range"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=range(2, 7)", "must be range"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=open('x')", "must be range"),
        ("normal_concat=[2, 3, 4, 5]", "normal_concat=range(2, 10**99)", "without names or calls"),
        ("normal_concat=[2, 3, 4, 5]", "steps=4", "unknown or repeated part 'steps'"),
        ("normal_concat=[2, 3, 4, 5]", "**more", "unknown or repeated part None"),
        ("reduce=[", "normal=[", "unknown or repeated part 'normal'"),
        ("reduce=", "recurrent=", "unknown or repeated part 'recurrent'"),
        ("reduce_concat=[2, 3, 4, 5])", "reduce_concat=[2, 3", "the genotype cannot be read"),
        ("Genotype(", "Genotip(", "holds no genotype"),
    ],
)
def test_what_is_no_cell_is_refused_in_one_line(old, new, message):
    changed = V2.replace(old, new, 1)
    assert changed != V2
    with pytest.raises(UserError, match=message.replace("(", r"\(")) as refused:
        parse_genotypes(changed, "text")
    assert "\n" not in str(refused.value)


def test_text_that_never_ends_or_is_nested_deep_is_refused_at_once():
    for text in ("(" * 100_000, "(" * 5_000 + ")" * 5_000, "-" * 100_000 + ")", "Genotype(" * 50):
        with pytest.raises(UserError, match="cannot be read"):
            parse_genotypes("Genotype(" + text, "text")
    with pytest.raises(UserError, match="too many for genotypes"):
        parse_genotypes("x" * 2_000_000, "text")


def test_commas_part_words_but_not_within_brackets():
    assert split_words(f"darts_v1, {V2} ,mine.txt,") == ["darts_v1", V2, "mine.txt"]
    assert split_words("") == []
