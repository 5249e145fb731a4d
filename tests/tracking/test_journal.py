import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.tracking._journal import Journal

ops = st.lists(
    st.dictionaries(st.sampled_from(string.ascii_letters), st.text(max_size=9) | st.integers()),
    max_size=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(ops, st.integers(1, 200), st.binary(max_size=30))
def test_what_was_appended_is_read_back_in_any_portions_even_after_a_torn_line(
    tmp_path_factory, written, limit, torn
):
    folder = tmp_path_factory.mktemp("journal")
    journal = Journal(folder, "trial")
    for op in written:
        journal.append(op)
    journal.close()
    with journal.path.open("ab") as file:
        file.write(torn.replace(b"\n", b""))

    again = Journal(folder, "trial")
    found, start = [], 0
    while start < again.size:
        portion, end = again.read(start, limit)
        assert end > start
        found, start = found + portion, end
    assert found == written == list(again)


def test_an_acknowledgement_is_found_again(tmp_path):
    journal = Journal(tmp_path, "trial")
    assert journal.acknowledged() == {}
    journal.append({"run": "a"})
    journal.acknowledge({"offset": journal.size, "uri": "x"})
    assert Journal(tmp_path, "trial").acknowledged()["uri"] == "x"


def test_an_acknowledgement_of_more_than_there_is_does_not_count(tmp_path):
    journal = Journal(tmp_path, "trial")
    journal.acknowledge({"offset": 10})
    assert journal.acknowledged() == {}


def test_a_folder_that_cannot_be_written_is_the_users_mistake(tmp_path):
    Path(tmp_path, "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Journal(tmp_path / "file" / "journal", "trial")


@pytest.mark.parametrize("name", ["final-../../../evil-3x4-0123", "/evil", "a\0b"])
def test_a_trials_id_does_not_lead_a_journal_out_of_its_folder(tmp_path, name):
    with pytest.raises(UserError, match="outside of its folder"):
        Journal(tmp_path / "study" / "journal", name)
    assert not list(tmp_path.iterdir())
