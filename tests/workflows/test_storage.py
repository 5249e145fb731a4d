"""Where studies are kept: folders and buckets. S3 is moto's server, on this machine."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections import Counter
from pathlib import Path

import boto3
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.tracking import MlflowClient
from moto.server import ThreadedMotoServer

from search_spaces._errors import UserError
from tracking._journal import Journal
from workflows._folder import open_study
from workflows._mirror import Mirror
from workflows._storage import Storage, find_storage

SECRET = "not-to-be-seen-anywhere"
ROOT = Path(__file__).parents[2]
NAMES = ["study.json", "journal/trial-1.jsonl", "journal/final-1.jsonl", "pictures/cell.svg",
         "search/kept/experiment_state-1.json", "final/a-3x4/kept/callback-1.pkl"]  # fmt: skip


@pytest.fixture(scope="module")
def bucket():
    """Its URI, and the environment that leads there."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(key, value)
        boto3.client("s3").create_bucket(Bucket="studies")
        yield "s3://studies/runs", environment
    server.stop()


def test_a_path_is_a_folder():
    assert find_storage("runs") == Storage(Path("runs").absolute())
    assert find_storage("~/runs").local == Path.home() / "runs"
    assert find_storage("file:///mnt/my%20runs") == Storage(Path("/mnt/my runs"))


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://KEY:SECRET@studies/runs", "must not hold credentials"),
        ("s3://studies/runs?secret_key=SECRET", "must not hold credentials"),
        ("s3://KEY:SEC/SECRET@studies/runs", "must not hold credentials"),
        ("gopher://studies/runs", "cannot be written to"),
        ("s3://nobody-has-made-this/runs", "cannot be written to"),
    ],
)
def test_a_bucket_that_cannot_be_used_is_refused(uri, said, bucket):
    with pytest.raises(UserError, match=said) as error:
        find_storage(uri)
    assert "SECRET" not in str(error.value)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=300), min_size=1))
def test_another_machine_finds_all_small_files_again(tmp_path_factory, files):
    root = tmp_path_factory.mktemp("machines")
    here, there = (Storage(root / name, f"file://{root}/bucket") for name in ("here", "there"))
    for name, data in files.items():
        path = here.local / "study" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    mirror = here.mirror("study")
    mirror.start("a1")
    mirror.close()
    (root / "bucket" / "study" / "a1" / "search" / "trial_1" / "checkpoint_1").mkdir(parents=True)
    there.fetch("study")
    found = {
        str(path.relative_to(there.local / "study")): path.read_bytes()
        for path in (there.local / "study").rglob("*")
        if path.is_file() and path.name != "copied.txt"
    }
    assert found == files
    here.fetch("study")  # has it all
    assert [path.name for path in here.local.iterdir()] == ["study"]


def test_another_machine_does_not_count_on_what_mlflow_was_told_by_this_one(tmp_path):
    """A new head's MLflow may have an older copy of the database: it gets the whole journal."""
    here, there = (Storage(tmp_path / n, f"file://{tmp_path}/bucket") for n in ("here", "there"))
    folder, later = (place.local / "study" / "journal" for place in (here, there))
    journal = Journal(folder, "trial-1")
    journal.append({"run": "a"})
    journal.acknowledge({"offset": journal.size})
    mirror = here.mirror("study")
    mirror.start("a1")
    mirror.close()
    there.fetch("study")
    assert Journal(folder, "trial-1").acknowledged()
    assert Journal(later, "trial-1").acknowledged() == {}
    assert list(Journal(later, "trial-1")) == [{"run": "a"}]


def test_what_another_machine_did_later_is_taken_over_and_nothing_is_lost(tmp_path):
    here, there = (Storage(tmp_path / n, f"file://{tmp_path}/bucket") for n in ("here", "there"))
    for machine, text in ((here, "first"), (there, "second")):
        machine.fetch("study")
        (machine.local / "study").mkdir(parents=True, exist_ok=True)
        (machine.local / "study" / "study.json").write_text(text)
        mirror = machine.mirror("study")
        mirror.start("a1")
        mirror.close()
    with FileLock(here.local / "study" / ".lock"):
        here.fetch("study")  # it runs here
        assert (here.local / "study" / "study.json").read_text() == "first"
    here.fetch("study")
    assert (here.local / "study" / "study.json").read_text() == "second"
    aside = [path / "study.json" for path in here.local.iterdir() if path.name != "study"]
    assert [path.read_text() for path in aside] == ["first"]


def opened(machine, **options):
    machine.fetch("study")
    return open_study(machine, "study", {"seed": 1}, **{"fresh": False, **options})


def settled(machine, **options):
    """Opened, and its mirror has made its first copy."""
    machine.fetch("study")
    stamp, deadline = machine.local / "study" / "copied.txt", time.monotonic() + 20
    before = stamp.read_bytes() if stamp.exists() else b""
    study = opened(machine, **options)
    while not stamp.exists() or stamp.read_bytes() in (b"", before):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return study


@pytest.fixture
def interrupts(monkeypatch):
    """How often a mirror has stopped its study."""
    found = []
    monkeypatch.setattr("workflows._mirror.stop_the_study", lambda: found.append(1))
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
    with pytest.raises(UserError, match="goes on on another machine"):
        asleep.stage("search")
    with pytest.raises(UserError, match="goes on on another machine"), asleep:
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
        deadline = time.monotonic() + 20
        while not interrupts and time.monotonic() < deadline:
            time.sleep(0.02)
        with pytest.raises(UserError, match="goes on on another machine"):
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


def start(uri, tracking, environment, home, trials=8):
    command = [
        sys.executable, ROOT / "workflows" / "hpo.py", "--storage", uri, "--name", "far",
        "--tracking-uri", tracking, "--trainable", "tests.workflows.crashing:Slow",
        "--space", "tests.workflows.crashing:SPACE", "--objective", "score", "--slots", 2,
        "--searcher", "random", "--trials", trials, "--epochs", 5, "--seed", 7,
    ]  # fmt: skip
    return subprocess.Popen(
        [str(word) for word in command], cwd=ROOT, text=True, start_new_session=True,
        env={**os.environ, **environment, "XDG_DATA_HOME": str(home)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.mark.slow
def test_a_driver_whose_study_goes_on_elsewhere_ends_its_trials(bucket, tmp_path):
    uri, environment = bucket
    tracking = f"sqlite:///{tmp_path}/mlflow.db"
    process = start(uri.replace("runs", "two"), tracking, environment, tmp_path / "old", trials=900)
    client, stamp = boto3.client("s3"), "two/far/copied.txt"
    deadline = time.monotonic() + 150
    while not any(
        "checkpoint_" in each["Key"]
        for each in client.list_objects_v2(Bucket="studies", Prefix="two").get("Contents", [])
    ):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.3)
    client.put_object(Bucket="studies", Key=stamp, Body=b"a1 another")
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 2, output
    assert "Error: Study 'far' goes on on another machine" in output
    assert "To go on:" not in output
    assert client.get_object(Bucket="studies", Key=stamp)["Body"].read() == b"a1 another"


@pytest.mark.slow
def test_a_study_in_a_bucket_goes_on_on_another_machine(bucket, tmp_path):
    uri, environment = bucket
    tracking = f"sqlite:///{tmp_path}/mlflow.db"
    process = start(uri, tracking, environment, tmp_path / "lost")
    client = boto3.client("s3")
    deadline = time.monotonic() + 150
    while not any(
        each["Key"].endswith("kept.tar")
        for each in client.list_objects_v2(Bucket="studies").get("Contents", [])
    ):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.3)
    time.sleep(3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    again = start(uri, tracking, environment, tmp_path / "new")
    output = again.communicate(timeout=250)[0]
    assert again.returncode == 0, output
    (rows,) = (tmp_path / "new").rglob("far/trials.json")
    assert len(json.loads(rows.read_text())) == 8
    store = MlflowClient(tracking)
    ids = [experiment.experiment_id for experiment in store.search_experiments()]
    runs = store.search_runs(ids, "tags.`automl.role` = 'trial'")
    assert len(runs) == 8
    assert set(Counter(run.data.tags["automl.trial_id"] for run in runs).values()) == {1}
    assert {run.info.status for run in runs} == {"FINISHED"}
    kept = [each["Key"] for each in client.list_objects_v2(Bucket="studies")["Contents"]]
    assert any("/search/" in key and "checkpoint_" in key for key in kept)
    assert not list((tmp_path / "new").rglob("checkpoint_*"))
    bodies = [client.get_object(Bucket="studies", Key=key)["Body"].read() for key in kept]
    stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in data for data in [*bodies, *stored])
