"""Which studies are listed of a bucket, and what is fetched for it."""

from automl_on_ray.clusters import find_storage
from automl_on_ray.studies.folder import open_study
from automl_on_ray.studies.upkeep import list_studies


def cells(table):
    rows = zip(*(column.cells for column in table.columns), strict=True)
    return {name: tuple(rest) for name, *rest in rows}


def test_all_studies_of_a_bucket_are_listed_by_their_small_files(bucket, on_another_machine):
    assert list_studies(on_another_machine("open")) is not None
    uri = on_another_machine("ended", ended=True)
    storage = find_storage(uri)
    with open_study(storage, "ours", {"trials": 2}, fresh=False):
        pass
    bucket.fetched.clear()
    listed = cells(list_studies(uri))
    assert listed["open"] == ("elsewhere", "", "", "", "")
    assert listed["ended"] == ("finished", "score 0.5", "2/0/0", "", "")
    assert listed["ours"][0] == "stopped"
    assert [path.name for path in storage.local.iterdir()] == ["ours"]
    fetched = {key.rpartition("/")[2] for key, _ in bucket.fetched}
    assert fetched <= {"copied.txt", "study.json", "trials.json", "summary.json"}


def test_a_study_in_a_bucket_that_cannot_be_read_spoils_no_other(bucket, on_another_machine):
    uri = on_another_machine("good", ended=True)
    on_another_machine("odd")
    (key,) = (
        one["Key"]
        for one in bucket.client.list_objects_v2(Bucket=bucket.name, Prefix="runs/odd")["Contents"]
        if one["Key"].endswith("study.json")
    )
    for text in (b"{", b"[]"):
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=text)
        listed = cells(list_studies(uri))
        assert listed["odd"][0] == "cannot be read"
        assert listed["good"][0] == "finished"
