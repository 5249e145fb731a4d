"""Names of studies, experiments and models, held against MLflow's own rules and a file system."""

import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from automl_on_ray.clusters import find_storage, folder_named
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.inputs.names import (
    MAX_CHARACTERS,
    check_experiment,
    check_model,
    check_study,
    model_name,
)

GOOD = ["mnist", "hpo-my data", "größe_模型", "v1.2+x=3, (a)", "a.b-c", "x" * MAX_CHARACTERS]
NONE = [
    "",
    " ",
    " a",
    "a ",
    "a\nb",
    "a\tb",
    "\x1b[2J",
    "\udcff",
    "x" * (MAX_CHARACTERS + 1),
    "ü" * MAX_CHARACTERS,
]
PATHS = ["a/b", "/a", "a\\b", "..", ".", "a:b", "a'b", 'a"b', "a%2Fb", "a?b", "a#b", "a[1]", "a*"]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    uri = f"sqlite:///{tmp_path_factory.mktemp('names')}/mlflow.db"
    return MlflowClient(uri, uri)


@pytest.mark.parametrize("name", GOOD)
def test_what_is_taken_is_taken_by_mlflow_and_found_again(name, client):
    check_experiment(name)
    check_model(name)
    check_study(name)
    assert client.get_experiment(client.create_experiment(name)).name == name
    client.create_registered_model(name)
    client.create_model_version(name, "runs:/none/model", None)
    client.set_registered_model_alias(name, "champion", "1")
    assert client.get_model_version_by_alias(name, "champion").name == name
    assert [v.name for v in client.search_model_versions(f"name = '{name}'")] == [name]


@pytest.mark.parametrize("name", NONE)
@pytest.mark.parametrize("check", [check_experiment, check_model, check_study])
def test_what_is_no_name_is_one_short_line(check, name):
    with pytest.raises(UserError, match="--") as caught:
        check(name)
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("check", [check_model, check_study])
def test_what_means_more_in_a_path_or_an_address_is_refused(check, name):
    with pytest.raises(UserError, match="--"):
        check(name)


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b"])
def test_mlflow_refuses_a_model_that_is_refused_here(name, client):
    with pytest.raises(MlflowException):
        client.create_registered_model(name)


@pytest.mark.parametrize(
    "name", ["mlflow", "mlflow.db", "mlflow.db.lock", "mlflow-artifacts", "mlruns", ".hidden", "-x"]
)
def test_a_study_does_not_take_the_place_of_a_storages_own_files(name):
    with pytest.raises(UserError, match="is taken for other files"):
        check_study(name)
    check_study(f"my-{name.strip('.-')}")


@pytest.mark.parametrize("dataset", [*PATHS, *NONE, "it's: mine"])
def test_a_model_of_any_data_has_a_name_that_is_fit(dataset):
    check_model(model_name("hpo", dataset))
    assert model_name("hpo", "it's: mine") == "hpo-it-s- mine"
    assert model_name("hpo", "mnist") == "hpo-mnist"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 300, "~nobody-of-this-name/x"])
def test_a_folder_that_cannot_be_is_one_line(name):
    with pytest.raises(UserError, match="--out") as caught:
        folder_named(name, "--out")
    assert "\n" not in str(caught.value)


def test_a_file_is_no_folder_and_another_host_no_storage(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--storage .*file is a file; give a folder"):
        find_storage(str(tmp_path / "file"))
    with pytest.raises(UserError, match="file is a file; give a folder"):
        find_storage(f"file://{tmp_path}/file")
    with pytest.raises(UserError, match="is on another host"):
        find_storage("file://host/x")
    assert find_storage(f"file://localhost{tmp_path}").local == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder_named("~/x", "--out") == tmp_path / "x"
