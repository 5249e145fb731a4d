"""Drivers of one study on several machines, and what its copy in a bucket holds."""

import contextlib
import os
import tarfile

import pytest
from filelock import FileLock

from automl_on_ray.clusters import Mirror, Storage
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folder import open_study
from automl_on_ray.studies.resume import keep
from tests.helpers.waiting import wait_until


def opened(machine, **options):
    machine.fetch("study")
    return open_study(machine, "study", {"seed": 1}, **{"fresh": False, **options})


def settled(machine, **options):
    """Opened, and its mirror has made its first copy."""
    machine.fetch("study")
    stamp = machine.local / "study" / "copied.txt"
    before = stamp.read_bytes() if stamp.exists() else b""
    study = opened(machine, **options)
    wait_until(lambda: stamp.exists() and stamp.read_bytes() not in (b"", before))
    return study


@pytest.fixture
def interrupts(monkeypatch):
    """How often a mirror has stopped its study."""
    found = []
    monkeypatch.setattr(
        "automl_on_ray.clusters.bucket_copy.stop_the_study", lambda: found.append(1)
    )
    return found


def test_a_study_that_another_machine_goes_on_with_is_not_copied_over_and_ends(
    tmp_path, interrupts
):
    here, there = (Storage(tmp_path / n, f"file://{tmp_path}/bucket") for n in ("here", "there"))
    asleep, later = settled(here), settled(there)
    (later.path / "trials.json").write_text("later")
    later.mirror.copy()
    (asleep.path / "trials.json").write_text("earlier")
    asleep.mirror.copy()
    assert asleep.mirror.overtaken
    with pytest.raises(UserError, match="was resumed on another machine"):
        asleep.stage("search")
    with pytest.raises(UserError, match="was resumed on another machine"), asleep:
        pass
    (copied,) = (tmp_path / "bucket").rglob("trials.json")
    assert copied.read_text() == "later"
    with later:
        assert later.stage("search")
    assert not later.mirror.overtaken
    with opened(here) as again:
        assert (again.path / "trials.json").read_text() == "later"


def test_a_study_tells_the_bucket_at_once_that_it_goes_on_here(tmp_path, interrupts):
    here, there = (Storage(tmp_path / n, f"file://{tmp_path}/bucket") for n in ("here", "there"))
    with settled(here) as asleep:
        with settled(there):
            pass
        asleep.mirror.copy()
        assert asleep.mirror.overtaken
        asleep.mirror = asleep.mirror.close()


def test_a_mirror_stops_a_study_that_goes_on_elsewhere(tmp_path, interrupts):
    here = Storage(tmp_path / "here", f"file://{tmp_path}/bucket")
    with settled(here) as study:
        study.mirror.close()
        (tmp_path / "bucket" / "study" / "copied.txt").write_text("a1 another")
        study.mirror = here.mirror("study")
        study.mirror.start(study.study_id)
        wait_until(lambda: interrupts)
        with pytest.raises(UserError, match="was resumed on another machine"):
            study.check_ours()
        study.mirror = study.mirror.close()
    assert interrupts


def test_a_study_begun_anew_takes_the_place_of_the_one_in_the_bucket(tmp_path, interrupts):
    here, there = (Storage(tmp_path / n, f"file://{tmp_path}/bucket") for n in ("here", "there"))
    with opened(here):
        pass
    with settled(there, fresh=True) as fresh:
        pass
    with opened(here) as found:
        assert found.study_id == fresh.study_id
    assert not interrupts


def test_a_stamp_whose_writing_failed_only_by_its_answer_is_ones_own(tmp_path, monkeypatch):
    mirror = Storage(tmp_path / "here", f"file://{tmp_path}/bucket").mirror("study")
    folder = tmp_path / "here" / "study"
    folder.mkdir(parents=True)
    whole = Mirror._write

    def cut(self, name, data):
        whole(self, name, data)
        if name == "copied.txt":
            raise OSError("no answer")

    for number in range(3):
        (folder / "study.json").write_text(str(number))
        monkeypatch.setattr(Mirror, "_write", cut if number < 2 else whole)
        with contextlib.suppress(OSError):
            mirror.copy()
    assert not mirror.overtaken


def test_a_look_moves_nothing_and_sees_what_another_machine_has_copied(tmp_path):
    here, there = (Storage(tmp_path / n, f"file://{tmp_path}/bucket") for n in ("here", "there"))
    with opened(here) as study:
        (study.path / "trials.json").write_text("first")
    assert here.look("study") == study.path
    mine = everything(study.path)
    for text in ("second", "third", "fourth"):
        with opened(there) as later:
            (later.path / "trials.json").write_text(text)
        seen = here.look("study")
        assert here.look("study") == seen != study.path
        assert seen.name == "study"
        assert (seen / "trials.json").read_text() == text
    assert everything(study.path) == mine
    assert [path.name for path in here.local.iterdir()] == ["study"]
    assert len(list(seen.parents[1].iterdir())) == 2, "the one before: somebody may read it"
    with FileLock(study.path / ".lock"):
        assert here.look("study") == study.path, "it runs here"
    here.fetch("study")  # to go on
    assert here.look("study") == study.path


def left(bucket, stamp, files):
    """A bucket that says so of a study."""
    (bucket / "study").mkdir(parents=True)
    (bucket / "study" / "copied.txt").write_bytes(stamp)
    for name, data in files.items():
        place = bucket / "study" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def everything(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


@pytest.mark.parametrize(
    "stamp",
    [b"../../../evil x", b"a/b x", b"/etc x", b"", b" ", b"..", b"a\0b x", b"\xff\xfe x", b"C:x y"],
)
def test_a_stamp_that_names_no_study_is_refused_and_nothing_is_written(tmp_path, stamp):
    left(tmp_path / "bucket", stamp, {"a/study.json": b"{}"})
    left(tmp_path / "evil", b"", {"study.json": b"{}"})
    machine = Storage(tmp_path / "here" / "there", f"file://{tmp_path}/bucket")
    before = everything(tmp_path)
    with pytest.raises(UserError, match="The bucket's copy of study 'study'"):
        machine.fetch("study")
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", ["journal/../../../evil", "a/../../../kept.tar", "journal//x"])
def test_a_file_in_the_bucket_that_leads_elsewhere_is_refused_and_nothing_is_written(
    tmp_path, monkeypatch, name
):
    """An object's name may be anything, unlike that of a file."""
    left(tmp_path / "bucket", b"a1 x", {"a1/study.json": b"{}", "a1/b": b""})
    machine = Storage(tmp_path / "here", f"file://{tmp_path}/bucket")
    monkeypatch.setattr(Mirror, "_names", lambda *_: ["study.json", name])
    before = everything(tmp_path)
    with pytest.raises(UserError, match="outside of its folder"):
        machine.fetch("study")
    assert everything(tmp_path) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_states_in_the_bucket_bring_no_link_along(tmp_path, kind):
    (tmp_path / "home").mkdir()
    member = tarfile.TarInfo("a")
    member.type, member.linkname = kind, str(tmp_path / "home")
    (tmp_path / "kept.tar").write_bytes(member.tobuf() + bytes(10240))
    data = (tmp_path / "kept.tar").read_bytes()
    left(tmp_path / "bucket", b"a1 x", {"a1/study.json": b"{}", "a1/search/kept.tar": data})
    with pytest.raises(UserError, match="no plain file"):
        Storage(tmp_path / "here", f"file://{tmp_path}/bucket").fetch("study")
    assert not list((tmp_path / "here").rglob("kept/*"))


def test_a_study_of_another_machine_goes_on_once_its_storage_is_said_to_be_trusted(
    tmp_path, monkeypatch
):
    here, there = (Storage(tmp_path / n, f"file://{tmp_path}/bucket") for n in ("here", "there"))
    (tmp_path / "experiment_state-1.json").write_text("{}")
    with opened(here) as study:
        keep(tmp_path, study.path / "search")
    with opened(there) as study:  # with the same key
        pass
    monkeypatch.setenv("AUTOML_KEY_FILE", str(tmp_path / "another"))
    with pytest.raises(UserError, match="--trust-storage"):
        opened(there)
    with opened(there, trusted=True) as study:
        assert study.stage("search").trusted
        keep(tmp_path, study.path / "search")
    with opened(there) as study:  # by now it is this one's
        assert not study.stage("search").trusted


@pytest.mark.parametrize("name", ["../../evil", "/evil", "a/b", ".hidden"])
def test_a_name_that_is_no_folders_reaches_neither_disk_nor_bucket(tmp_path, name):
    machine = Storage(tmp_path / "here" / "there", f"file://{tmp_path}/bucket")
    with pytest.raises(UserError, match="without slashes"):
        machine.fetch(name)
    assert everything(tmp_path) == []


@pytest.mark.parametrize("moment", ["listed", "one archived"])
def test_states_of_two_moments_are_not_copied_as_one(tmp_path, monkeypatch, moment):
    """Tune's thread puts new states, of the same names, sizes and times, in the place of old."""
    mirror = Storage(tmp_path / "here", f"file://{tmp_path}/bucket").mirror("study")
    search = tmp_path / "here" / "study" / "search"

    def replace(text):
        fresh = search / "kept.new"
        fresh.mkdir(parents=True)
        for name in ("a.json", "b.json"):
            (fresh / name).write_text(text)
            os.utime(fresh / name, (1, 1))
        if (search / "kept").exists():
            (search / "kept").rename(search / "kept.old")
        fresh.rename(search / "kept")

    def disturbed(*arguments, **options):
        monkeypatch.setattr(tarfile.TarFile, "add", add)  # once only
        if moment == "listed":
            replace("new")
        add(*arguments, **options)
        if moment == "one archived":
            replace("new")

    replace("old")
    add = tarfile.TarFile.add
    monkeypatch.setattr(tarfile.TarFile, "add", disturbed)
    (search.parent / "study.json").write_text("{}")
    mirror.copy()
    assert list((tmp_path / "bucket").rglob("study.json"))
    assert not list((tmp_path / "bucket").rglob("kept.tar"))
    mirror.copy()
    (copied,) = (tmp_path / "bucket").rglob("kept.tar")
    with tarfile.open(copied) as archive:
        texts = [archive.extractfile(name).read() for name in archive.getnames()]
    assert texts == [b"new", b"new"]


def test_states_that_vanish_while_they_are_looked_at_do_not_keep_the_rest_back(
    tmp_path, monkeypatch
):
    mirror = Storage(tmp_path / "here", f"file://{tmp_path}/bucket").mirror("study")
    kept = tmp_path / "here" / "study" / "search" / "kept"
    kept.mkdir(parents=True)
    (kept / "a.json").write_text("{}")
    (kept.parents[1] / "study.json").write_text("{}")

    def vanish(*arguments, **options):
        raise FileNotFoundError("gone")

    monkeypatch.setattr(tarfile.TarFile, "add", vanish)
    mirror.copy()
    assert list((tmp_path / "bucket").rglob("study.json"))
    assert not list((tmp_path / "bucket").rglob("kept.tar"))
