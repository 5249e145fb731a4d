"""Files are there whole or not at all: in a folder, and in a bucket as S3 has it."""

import os

import pytest
from pyarrow.fs import FileSystem, LocalFileSystem

from automl_on_ray.search_spaces.core import (
    fetch_file,
    read_bytes,
    send_file,
    version_of,
    write_bytes,
    written_whole,
)
from tests.bucket import Bucket


@pytest.fixture(params=["a folder", "a bucket"])
def place(request, tmp_path):
    """A file system, and a path in it."""
    if request.param == "a folder":
        yield LocalFileSystem(), str(tmp_path / "there")
        return
    with Bucket("whole"):
        yield FileSystem.from_uri("s3://whole/there")


def test_a_file_that_was_written_takes_the_others_place_and_leaves_nothing_beside_it(tmp_path):
    (tmp_path / "file").write_text("old")
    with written_whole(tmp_path / "file") as part:
        part.write_text("new")
        assert (tmp_path / "file").read_text() == "old"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "new")]


def test_a_file_whose_writing_fails_stays_as_it_was(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(TypeError), written_whole(tmp_path / "file") as part:
        part.write_text("half") + "?"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


def test_two_that_write_one_file_at_a_time_do_not_mix(tmp_path):
    with written_whole(tmp_path / "file") as one, written_whole(tmp_path / "file") as other:
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "file").read_text() == "one"


def test_a_file_that_was_written_again_has_another_version(tmp_path):
    file = tmp_path / "file"
    file.write_text("a")
    os.utime(file, (1, 1))
    before = version_of(file)
    assert version_of(file) == before
    with written_whole(file) as part:
        part.write_text("b")
        os.utime(part, (1, 1))
    assert version_of(file) != before


def test_bytes_come_back_as_they_were_written(place):
    files, path = place
    assert read_bytes(files, f"{path}/in/file") is None
    for data in (b"first", b""):
        write_bytes(files, f"{path}/in/file", data)
        assert read_bytes(files, f"{path}/in/file") == data


def test_a_file_in_a_folder_is_replaced_at_once_or_not_at_all(tmp_path):
    path = str(tmp_path / "file")
    write_bytes(LocalFileSystem(), path, b"old")
    with pytest.raises(TypeError):
        write_bytes(LocalFileSystem(), path, 1)  # it fails once the file is open
    assert read_bytes(LocalFileSystem(), path) == b"old"


def test_files_are_sent_and_fetched_and_never_fetched_over_another(place, tmp_path):
    files, path = place
    write_bytes(files, f"{path}/other", b"")  # makes the folder
    (tmp_path / "here").write_bytes(b"x" * 100_000)
    send_file(tmp_path / "here", files, f"{path}/file")
    fetch_file(files, f"{path}/file", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"x" * 100_000
    with pytest.raises(FileExistsError):
        fetch_file(files, f"{path}/file", tmp_path / "here")
    with pytest.raises(FileNotFoundError):
        fetch_file(files, f"{path}/none", tmp_path / "new")
