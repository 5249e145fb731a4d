"""The key that signs what studies save, and what it signs."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.signatures import key_file, own_key, signature_of, signed_files


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOML_KEY_FILE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_the_key_is_made_once_for_its_user_alone(home):
    with ThreadPoolExecutor(8) as pool:
        (key,) = set(pool.map(lambda _: own_key(), range(32)))
    assert len(key) == 32
    assert home in key_file().parents
    assert stat.S_IMODE(key_file().stat().st_mode) == 0o600
    assert [file.name for file in key_file().parent.iterdir()] == ["key"]


def test_users_have_keys_of_their_own_or_bring_one_along(home, monkeypatch):
    mine = own_key()
    monkeypatch.setenv("AUTOML_KEY_FILE", str(home / "other"))
    assert own_key() != mine
    (home / "brought").write_bytes(mine)
    monkeypatch.setenv("AUTOML_KEY_FILE", str(home / "brought"))
    assert own_key() == mine


@pytest.mark.parametrize("key", [b"", b"short", b"k" * 31])
def test_a_file_that_is_no_key_is_named(home, monkeypatch, key):
    (home / "other").write_bytes(key)
    monkeypatch.setenv("AUTOML_KEY_FILE", str(home / "other"))
    with pytest.raises(UserError, match="is no key"):
        own_key()


def test_a_home_that_cannot_be_written_is_one_line(home, monkeypatch):
    (home / "file").touch()
    monkeypatch.setenv("AUTOML_KEY_FILE", str(home / "file" / "key"))
    with pytest.raises(UserError, match="set AUTOML_KEY_FILE"):
        own_key()


def test_a_signature_is_of_all_files_by_name_and_of_no_other(tmp_path):
    files = {"a": b"1", "b": b""}
    for name, data in {**files, "signature": signature_of(files)}.items():
        (tmp_path / name).write_bytes(data)
    assert signed_files(tmp_path) == files
    os.rename(tmp_path / "b", tmp_path / "c")
    assert signed_files(tmp_path) is None
    assert signed_files(tmp_path / "nowhere") is None
    one_more = {**files, "c": b""}
    moved = {"a": b"", "b": b"1"}
    assert len({signature_of(each) for each in (files, one_more, moved, {"a": b"1"})}) == 4
