"""Signs the pickles that a user's studies save, with a key in the user's home.

Going on with a study unpickles Ray's state, its searcher's and its scheduler's, which runs whatever
a pickle says. So a state is read only if this user has signed it, or says that the storage is to be
trusted (`--trust-storage`).
"""

import hmac
import os
import secrets
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import platformdirs

from automl_on_ray.search_spaces.core import UserError

SIGNATURE = "signature"


def key_file() -> Path:
    """`AUTOML_KEY_FILE`, or the usual place in the user's home."""
    named = os.environ.get("AUTOML_KEY_FILE")
    return Path(named) if named else platformdirs.user_config_path("automl-on-ray") / "key"


def own_key() -> bytes:
    """Made at its first use, for this user's eyes only. UserError if it cannot be kept."""
    return _key_at(key_file())


@cache  # a home that is away for a while is no reason to end a study
def _key_at(path: Path) -> bytes:
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"The key that signs studies cannot be kept in {path} ({error.strerror}); set "
            "AUTOML_KEY_FILE to a file of your own."
        ) from error
    if len(key) < 32:
        raise UserError(f"{path} is no key: 32 bytes or more; delete it, and a new one is made.")
    return key


def _make(path: Path) -> None:
    """Whole or not at all; of two processes that make one, the first one's counts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()


def signature_of(files: Mapping[str, bytes]) -> bytes:
    """This user's, of files by name: of no more, and no other."""
    made = hmac.new(own_key(), digestmod="sha256")
    for name, data in sorted(files.items()):
        made.update(f"{name}\0{len(data)}\0".encode())
        made.update(data)
    return made.hexdigest().encode()


def signed_files(folder: Path) -> dict[str, bytes] | None:
    """The files in `folder` by name; None if they are not those that this user has signed."""
    try:
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
    except OSError:
        return None
    signature = files.pop(SIGNATURE, b"")
    return files if hmac.compare_digest(signature, signature_of(files)) else None
