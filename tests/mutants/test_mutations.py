"""The mistakes that are made to see whether tests notice them."""

import hashlib
from pathlib import Path

import pytest

from tests.mutants.mutations import mutants
from tests.mutants.recorder import recorded_in, without
from tests.mutants.run import EQUIVALENT, ROOT, by_name, changed_tests


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
        ("zip(a, b, strict=True)", {"pass"}),
        ("a = b / 'text' + f'{b}'", set()),
        ("print(a, style='red', soft_wrap=True)", {"pass"}),
    ],
)  # fmt: skip
def test_each_line_has_its_mistakes(line, mistakes):
    assert made(line) == mistakes


def test_a_mutant_says_where_it_is():
    source = (
        '"""1 + 1"""\nclass A:\n    def b(self, c: int = 3) -> "D":\n        return lambda: c + 1\n'
    )
    found = mutants(source + "    e = 5\n")
    assert [(each.line, each.where, each.old, each.new) for each in found] == [
        (3, "A.b", "3", "(4)"),
        (4, "A.b", "return lambda: c + 1", "return None"),
        (4, "A.b", "c + 1", "(c - 1)"),
        (4, "A.b", "1", "(2)"),
        (5, "A", "5", "(6)"),
    ]
    assert [each.runs for each in found] == [True] * 4 + [False]


def test_a_modules_own_limits_are_left_as_they_are():
    found = mutants("MOST, FEW = 10, 9\ndef f():\n    return 10\n")
    assert [each.old for each in found] == ["9", "return 10", "10"]


def test_what_is_explained_can_still_be_made_and_has_its_reason():
    lines = [line.rpartition("  # ") for line in EQUIVALENT.read_text().splitlines()]
    assert all(reason.strip() for *_, reason in lines)
    told = {each for each, *_ in lines}
    modules = {each.partition(" ")[0] for each in told}
    made = {name for each in modules for name, _ in by_name(Path(each), (ROOT / each).read_text())}
    assert told - made == set()


def test_only_tests_that_are_new_or_have_changed_are_recorded(tmp_path):
    (tmp_path / "tests" / "room").mkdir(parents=True)
    names = [f"tests/room/test_{name}.py" for name in "ab"]
    for name in names:
        (tmp_path / name).write_text("")
    chosen = ["tests/room"]
    assert changed_tests(tmp_path, chosen, {}) == names
    empty = hashlib.sha256(b"").hexdigest()
    assert changed_tests(tmp_path, chosen, {names[0]: empty}) == names[1:]
    assert changed_tests(tmp_path, chosen, dict.fromkeys(names, empty)) == []
    (tmp_path / names[1]).write_text("def test(): ...")
    assert changed_tests(tmp_path, names, dict.fromkeys(names, empty)) == names[1:]


def test_of_a_file_that_is_recorded_anew_nothing_of_before_is_left(tmp_path):
    one, two = "test_a.py::one", "test_b.py::two"
    record = {
        **recorded_in(tmp_path / "nothing"), "calls": {"f": [one, two]},
        "seconds": {one: 1.0, two: 2.0}, "failed": [one], "starting": [two],
    }  # fmt: skip
    assert without(record, "test_a.py") == {
        "calls": {"f": [two]}, "seconds": {two: 2.0}, "failed": [], "starting": [two], "files": {},
    }  # fmt: skip
