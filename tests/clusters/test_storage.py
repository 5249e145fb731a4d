"""Where studies are kept: folders and buckets. S3 is moto's server, on this machine."""

import io
import json
import shutil
import tarfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from filelock import FileLock
from hypothesis import given, settings, strategies as st
from mlflow.tracking import MlflowClient
from moto.server import ThreadedMotoServer
from pyarrow.fs import FileSystem

from automl_on_ray.clusters import Storage, find_storage
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folder import open_study
from tests.helpers.crashing import GATE
from tests.helpers.studies import GATED, run, start
from tests.helpers.waiting import wait_until

SECRET = "not-to-be-seen-anywhere"
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


@pytest.mark.parametrize("name", ["study", "my study", "a+b=c, (@ä)"])
def test_an_address_with_parameters_holds_studies_as_one_without(bucket, tmp_path, name):
    endpoint = bucket[1]["AWS_ENDPOINT_URL"].removeprefix("http://")
    uri = f"s3://studies/asked/?region=us-east-1&scheme=http&endpoint_override={endpoint}"
    place = replace(find_storage(uri), local=tmp_path / "here")
    with open_study(place, name, {}, fresh=False) as study:
        for parts in (("search",), ("final", "a-3x4")):
            stage = study.stage(*parts)
            files, path = stage.files()
            own = "/".join(("studies/asked", name, study.study_id))
            assert path == "/".join((own, *parts))
            above, folder = FileSystem.from_uri(stage.storage_path)
            assert f"{folder}/{stage.folder.name}" == path
            assert above.equals(files)
    (seen,) = files.get_file_info([f"{own}/study.json"])  # the mirror's are there too
    assert seen.is_file


def copied(client, folder):
    """Names of the objects below one of the bucket's folders: tests share the bucket."""
    listed = client.list_objects_v2(Bucket="studies", Prefix=f"{folder}/")
    return [each["Key"] for each in listed.get("Contents", [])]


def copied_states(client):
    """Names of the files of Ray's states in the archives below `runs`."""
    names = []
    for key in copied(client, "runs"):
        if key.endswith("kept.tar"):
            body = client.get_object(Bucket="studies", Key=key)["Body"].read()
            with tarfile.open(fileobj=io.BytesIO(body)) as archive:
                names += [Path(name).name for name in archive.getnames()]
    return names


@pytest.mark.whole
def test_a_study_in_a_bucket_goes_on_on_another_machine_and_ends_on_the_first(
    bucket, template, tmp_path, monkeypatch
):
    """What the bucket has when the first machine learns of it is all that the second goes on with:
    as if the first had been killed.
    """
    uri, environment = bucket
    shutil.copy(template, tmp_path)
    tracking, client = f"sqlite:///{tmp_path}/mlflow.db", boto3.client("s3")
    words = [*GATED, "--slots", 1, "--tracking-uri", tracking, "--searcher", "random",
             "--trials", 3, "--epochs", 5, "--seed", 7, "--final-seeds", 0]  # fmt: skip

    def machine(name):
        home = str(tmp_path / name)
        return {**environment, "XDG_DATA_HOME": home, "AUTOML_KEY_FILE": f"{home}/key"}

    process = start(uri, "far", *words, **machine("old"), **{GATE: str(tmp_path / "never")})
    wait_until(
        lambda: (
            any("checkpoint_000001" in key for key in copied(client, "runs"))
            and any(name.startswith("experiment_state") for name in copied_states(client))
        ),
        process=process, pause=0.5,
    )  # fmt: skip
    stamp = {"Bucket": "studies", "Key": "runs/far/copied.txt"}
    study = client.get_object(**stamp)["Body"].read().split()[0]
    theirs = study + b" another"

    def overtaken():
        """The first machine may write its own stamp just now: another one would write again."""
        if client.get_object(**stamp)["Body"].read() != theirs:
            client.put_object(**stamp, Body=theirs)
        return process.poll() is not None

    wait_until(overtaken, 250, pause=0.5)
    output = process.communicate()[0]
    assert process.returncode == 2, output
    assert "Error: Study 'far' was resumed on another machine" in output
    assert "To go on:" not in output
    assert client.get_object(**stamp)["Body"].read() == theirs

    with monkeypatch.context() as patch:
        for key, value in machine("new").items():
            patch.setenv(key, value)
        refused = run(uri, "far", *words)
    assert refused.exit_code == 2
    assert "give --trust-storage once" in refused.stderr
    again = start(uri, "far", *words, "--trust-storage", **machine("new"))
    output = again.communicate(timeout=250)[0]
    assert again.returncode == 0, output
    (rows,) = (tmp_path / "new").rglob("far/trials.json")
    assert len(json.loads(rows.read_text())) == 3
    store = MlflowClient(tracking)
    ids = [experiment.experiment_id for experiment in store.search_experiments()]
    runs = store.search_runs(ids, "tags.`automl.role` = 'trial'")
    assert len(runs) == 3
    assert set(Counter(run.data.tags["automl.trial_id"] for run in runs).values()) == {1}
    assert {run.info.status for run in runs} == {"FINISHED"}
    kept = copied(client, "runs")
    assert any("/search/" in key and "checkpoint_" in key for key in kept)
    assert not list((tmp_path / "new").rglob("checkpoint_*"))
    bodies = [client.get_object(Bucket="studies", Key=key)["Body"].read() for key in kept]
    stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in data for data in [*bodies, *stored])
