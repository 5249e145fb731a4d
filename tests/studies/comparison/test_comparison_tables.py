"""A comparison in words: tables side by side, the page, and what MLflow shows."""

import math

import pytest

from automl_on_ray.studies.comparison.page import Findings
from automl_on_ray.studies.comparison.standings import Standing
from automl_on_ray.studies.comparison.tables import Cells, difference, mean_and_half, tables_of

NAN = math.nan


def standing(method, budget, score, ahead=None, until=None):
    ahead = {"regret": ahead} if ahead else {}
    return Standing(method, budget, 3, {"regret": score}, ahead, until, 1.25, 0.00125, 0)


FOUND = [
    standing("random", 9, (0.5, 0.25, 0.75), until=(4.0, math.inf)),
    standing("own", 9, (0.25, NAN, NAN), (-0.25, -0.5, 0.0), (2.0, 3.0)),
    standing("random", 30, (0.125, 0.0, 0.25)),
]


def test_each_budget_has_a_table_of_each_measure_and_one_of_what_it_took():
    tables = tables_of(
        FOUND, base="random", measures=["regret"], exact={9: {"regret": 0.4}}, timed=True
    )
    assert [table.text for table in tables[:2]] == [
        "regret after 9 evaluations\n"
        "                 seeds         regret            less random's\n"
        "random, exactly    all          0.400\n"
        "random               3  0.500 ± 0.250\n"
        "own                  3          0.250  -0.250 [-0.500, +0.000]",
        "cost of 9 evaluations\n"
        "        best found after         90 %  hours, about  ms a suggestion\n"
        "random                 4  more than 9           1.2             1.25\n"
        "own                    2            3           1.2             1.25",
    ]
    assert tables[3].text.splitlines()[1:] == [
        "        hours, about  ms a suggestion",
        "random           1.2             1.25",
    ]
    untimed = tables_of(FOUND[2:], base="random", measures=[], exact={}, timed=False)
    assert [list(table.head) for table in untimed] == [["", "ms a suggestion"]]


@pytest.mark.parametrize(
    ("interval", "told"),
    [(None, ""), ((NAN, NAN, NAN), ""), ((0.5, NAN, NAN), "+0.50"),
     ((0.5, 0.25, 0.75), "+0.50 [+0.25, +0.75]")],
)  # fmt: skip
def test_a_difference_is_told_with_its_sign_and_its_interval_if_there_is_one(interval, told):
    assert difference(interval, 2) == told


def test_a_mean_is_told_with_half_its_interval_if_there_is_one():
    assert mean_and_half((2.0, 1.0, 3.0), 1) == "2.0 ± 1.0"
    assert mean_and_half((2.0, NAN, NAN), 1) == "2.0"


def test_words_stand_on_the_left_and_numbers_on_the_right():
    head, rows = ["", "told"], [["a", "of it"], ["long", "b"]]
    assert Cells("t", head, rows).text == "t\n       told\na     of it\nlong      b"
    assert Cells("t", head, rows, words=True).text == "t\n      told\na     of it\nlong  b"


def test_findings_are_a_page_a_text_and_a_note_for_mlflow(tmp_path):
    table = Cells("cost <", ["", "ms"], [["own & <b>", "1"]])
    drawn = {"svg": b"<?xml?><svg>drawn</svg>", "png": b"PNG"}
    findings = Findings("on <it>", "about & it", [table], ["counted <so>"], **drawn)
    findings.write(tmp_path / ".")
    text = (tmp_path / "table.txt").read_text()
    assert text == f"on <it>\n\n{table.text}\n\ncounted <so>\n"
    page = (tmp_path / "report.html").read_text()
    for part in ("<h1>on &lt;it&gt;</h1>", "about &amp; it", "<h2>cost &lt;</h2>",
                 "<tr><th></th><th>ms</th></tr><tr><td>own &amp; &lt;b&gt;</td><td>1</td></tr>",
                 "<li>counted &lt;so&gt;</li>", "<figure><svg>drawn</svg></figure>"):  # fmt: skip
        assert part in page
    assert (tmp_path / "curves.png").read_bytes() == b"PNG"
    assert findings.markdown == f"about & it\n\n```\n{table.text}\n```\n\n- counted <so>"
    plain = Findings("t", "a", [], [])
    assert set(plain.files) == {"report.html", "table.txt"}
    assert "<figure>" not in plain.html
