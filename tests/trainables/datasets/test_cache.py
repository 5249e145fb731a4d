import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets._cache import LAYOUT, keep

# It says when it begins to build, and is done when its standard input ends.
BUILDER = """
import sys
import numpy as np
from automl_on_ray.trainables.datasets._cache import keep

def build():
    print("building", flush=True)
    sys.stdin.read()
    return {"x": np.arange(1000)}

print("ready", flush=True)
print(keep("key", build)["x"].sum())
"""


def start():
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_parallel_processes_build_once_and_all_get_it():
    first = start()
    assert [first.stdout.readline() for _ in range(2)] == ["ready\n", "building\n"]
    others = [start() for _ in range(2)]
    assert [other.stdout.readline() for other in others] == ["ready\n"] * 2

    answers = [process.communicate()[0] for process in (first, *others)]

    assert answers == ["499500\n"] * 3


def test_parallel_threads_build_once(tmp_path):
    built = []

    def build():
        built.append(1)
        return {"x": np.arange(3)}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: keep("key", build), range(8)))

    assert built == [1]


def test_a_killed_builder_leaves_neither_a_lock_nor_half_an_array():
    victim = start()
    assert [victim.stdout.readline() for _ in range(2)] == ["ready\n", "building\n"]
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()

    answer, _ = start().communicate(timeout=120)

    assert answer == "ready\nbuilding\n499500\n"


def test_what_a_killed_writer_left_is_swept_away(cache):
    left = cache / f"arrays-{LAYOUT}" / ".key.part"
    left.mkdir(parents=True)
    (left / "x.npy").write_bytes(b"half")

    assert keep("key", lambda: {"x": np.arange(3)})["x"].tolist() == [0, 1, 2]
    assert [path.name for path in left.parent.iterdir()] == ["key"]


@pytest.mark.parametrize("damage", ["flipped", "truncated", "missing"])
def test_what_the_disk_has_damaged_is_built_again(cache, damage):
    keep("key", lambda: {"x": np.arange(1000)})
    (file,) = cache.glob("arrays-*/key/x.npy")
    content = file.read_bytes()
    file.unlink()
    if damage == "flipped":
        file.write_bytes(content[:-1] + b"\x01")
    elif damage == "truncated":
        file.write_bytes(content[:500])

    again = keep("key", lambda: {"x": np.arange(1000)})

    assert np.array_equal(again["x"], np.arange(1000))
    assert file.read_bytes() == content


def test_a_build_that_fails_leaves_nothing_behind(cache):
    def fail():
        raise UserError("no")

    with pytest.raises(UserError):
        keep("key", fail)

    assert not list(cache.glob("arrays-*"))
    assert keep("key", lambda: {"x": np.zeros(0)})["x"].shape == (0,)


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "file" / "cache"))

    with pytest.raises(UserError, match=r"cache folder .* cannot be written.*AUTOML_CACHE_DIR"):
        keep("key", lambda: {"x": np.zeros(1)})
