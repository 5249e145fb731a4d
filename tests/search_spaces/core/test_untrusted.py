"""What a name, an id, a path or an archive from elsewhere may be."""

import io
import tarfile

import pytest

from automl_on_ray.search_spaces.core import UserError, check_id, check_name, files_of_tar, inside

LEADS_OUT = [
    "", ".", "..", "../a", "a/../b", "a/..", "/a", "a//b", "a/", "./a", "a\0b", "a\nb", "a\x7f",
    "..\\a", "a\\..\\b", "C:\\a", "C:a", "\\\\host\\share\\a", "\\a", "a\ud800", None, 3, ["a"],
]  # fmt: skip


@pytest.mark.parametrize("name", LEADS_OUT)
def test_a_name_that_leads_elsewhere_is_refused_in_one_line(tmp_path, name):
    for refused in (inside, lambda _, n, what: check_name(n, what)):
        with pytest.raises(UserError, match="A file") as told:
            refused(tmp_path, name, "A file")
        assert str(told.value).isprintable()


@pytest.mark.parametrize("name", ["a", "a/b.c", "ä/ö 1.png", ".a/..b", "12:30.png", "a\\b"])
def test_a_plain_path_lies_in_its_folder_under_its_own_name(tmp_path, name):
    assert inside(tmp_path, name, "A file") == tmp_path / name


def test_a_link_is_not_followed_out_of_the_folder(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path)
    with pytest.raises(UserError, match="outside"):
        inside(tmp_path / "folder", "link/a", "A file")


@pytest.mark.parametrize("name", ["a/b", "a\\b", ".hidden"])
def test_a_name_is_one_part_and_not_hidden(name):
    with pytest.raises(UserError, match="without slashes"):
        check_name(name, "A study")


@pytest.mark.parametrize("text", ["", "a/b", "..", "a'b", "a b", "-a", "a" * 65, None, 3, "a\n"])
def test_an_id_is_letters_and_digits(text):
    with pytest.raises(UserError, match="An id"):
        check_id(text, "An id")
    assert check_id("0123abcdef_-Z", "An id") == "0123abcdef_-Z"


def archive(*members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as written:
        for member in members:
            member.size = 2 if member.isreg() else 0
            written.addfile(member, io.BytesIO(b"hi") if member.isreg() else None)
    return data.getvalue()


def member(name, kind=tarfile.REGTYPE, to=""):
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, to
    return found


def test_an_archive_gives_its_plain_files():
    assert list(files_of_tar(archive(member("a"), member("b.c")), "It")) == [
        ("a", b"hi"), ("b.c", b"hi"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "strange",
    [member("../a"), member("/a"), member("a/b"), member("a", tarfile.SYMTYPE, "/etc/passwd"),
     member("a", tarfile.LNKTYPE, "b"), member("a", tarfile.DIRTYPE),
     member("a", tarfile.FIFOTYPE), member("a", tarfile.CHRTYPE)],
)  # fmt: skip
def test_an_archive_of_anything_else_is_refused(strange):
    with pytest.raises(UserError):
        list(files_of_tar(archive(member("first"), strange), "It"))


@pytest.mark.parametrize("data", [b"", b"no archive", b"x" * 10240])
def test_what_is_no_archive_is_refused(data):
    with pytest.raises(UserError, match="cannot be read"):
        list(files_of_tar(data, "It"))
