import os
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking.journal import Journal

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


def test_a_mark_tells_where_to_go_on(tmp_path):
    journal = Journal(tmp_path, "trial")
    assert journal.offset_of("") == 0
    journal.append({"run": "a"})
    mark, offset = journal.mark(journal.size), journal.size
    journal.append({"run": "b"})
    assert Journal(tmp_path, "trial").offset_of(mark) == offset


def test_a_mark_of_another_journal_or_of_more_than_there_is_does_not_count(tmp_path):
    longer, other = Journal(tmp_path, "longer"), Journal(tmp_path, "other")
    for journal, runs in ((longer, "aab"), (other, "ccd")):
        for run in runs:
            journal.append({"run": run})
    mark = longer.mark(longer.size)
    assert longer.offset_of(mark) == longer.size
    assert other.offset_of(mark) == 0
    assert Journal(tmp_path, "empty").offset_of(mark) == 0


def test_a_folder_that_cannot_be_written_is_the_users_mistake(tmp_path):
    Path(tmp_path, "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Journal(tmp_path / "file" / "journal", "trial")


@pytest.mark.parametrize("name", ["final-../../../evil-3x4-0123", "/evil", "a\0b"])
def test_a_trials_id_does_not_lead_a_journal_out_of_its_folder(tmp_path, name):
    with pytest.raises(UserError, match="outside of its folder"):
        Journal(tmp_path / "study" / "journal", name)
    assert not list(tmp_path.iterdir())


def test_what_a_full_disk_has_no_space_for_is_written_when_there_is_some(tmp_path, capsys):
    full, journal = Path("/dev/full"), Journal(tmp_path, "trial")
    journal.append({"run": "a"})
    disk, journal._file = journal._file, os.open(full, os.O_WRONLY)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "ftruncate", lambda file, size: None)  # /dev/full has no size
        for run in "bc":
            journal.append({"run": run})
    assert journal.waiting
    journal._file = disk
    journal.append({"run": "d"})
    assert not journal.waiting
    assert [op["run"] for op in Journal(tmp_path, "trial")] == list("abcd")
    assert capsys.readouterr().err.count("No space is left") == 1
