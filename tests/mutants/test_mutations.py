"""The mistakes that are made to see whether tests notice them."""

import pytest

from tests.mutants.mutations import mutants


def made(line):
    """What becomes of a line of a function."""
    source = f"def f(a, b):\n    {line}\n"
    return {each.source.splitlines()[1].strip() for each in mutants(source)}


@pytest.mark.parametrize(
    ("line", "mistakes"),
    [
        ("return a < b", {"return (a <= b)", "return None"}),
        ("a = not b and a is None", {"a = (not b or a is None)", "a = (b) and a is None",
                                     "a = not b and (a is not None)"}),
        ("a.b = c - 1", {"pass", "a.b = (c + 1)", "a.b = c - (2)"}),
        ("f(a, key=True)", {"pass", "(f(a))", "f(a, key=False)"}),
        ("raise E('text')", {"pass"}),
        ("a = min(b) if a else 'text'", {"a = (max(b)) if a else 'text'",
                                         "a = min(b) if (not a) else 'text'"}),
        ("assert a > 1, f'{1 + 1}'", set()),
    ],
)  # fmt: skip
def test_each_line_has_its_mistakes(line, mistakes):
    assert made(line) == mistakes


def test_a_mutant_says_where_it_is():
    source = (
        '"""1 + 1"""\nclass A:\n    def b(self, c: int = 3) -> "D":\n        return lambda: c + 1\n'
    )
    found = mutants(source)
    assert [(each.line, each.where, each.old, each.new) for each in found] == [
        (3, "A.b", "3", "(4)"),
        (4, "A.b", "return lambda: c + 1", "return None"),
        (4, "A.b", "c + 1", "(c - 1)"),
        (4, "A.b", "1", "(2)"),
    ]
