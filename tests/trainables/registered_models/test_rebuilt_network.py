"""What a registered model brings along is not run: recipes and archives made to do harm."""

import io
import json
import zipfile

import pytest
import torch

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.registered_models.rebuilt_network import (
    builds,
    checked_recipe,
    example_images,
    rebuilt,
    weights_of,
)
from tests.workflows.test_export import RECIPE, trained

EVIL = "open({!r}, 'w')"


class Evil:
    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return open, (self.place, "w")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "model.pt2"
    batch = torch.export.Dim("batch")
    images = (torch.zeros(2, 1, 12, 12),)
    torch.export.save(torch.export.export(trained(), images, dynamic_shapes=({0: batch},)), path)
    return path


def changed(archive, path, change):
    """A copy with `change` of its files, by name without the root."""
    with zipfile.ZipFile(archive) as read:
        files = {name.partition("/")[2]: read.read(name) for name in read.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w") as written:
        for name, data in files.items():
            written.writestr(f"model/{name}", data)
    return path


def test_a_network_is_rebuilt_with_the_weights_of_the_archive(archive):
    images = example_images((1, 12, 12))
    with torch.no_grad():
        answers = rebuilt(checked_recipe(RECIPE, "It"), archive, "It")(images)
        torch.testing.assert_close(answers, trained()(images))


@pytest.mark.parametrize(
    "build",
    ["os:system", "automl_on_ray.search_spaces.cells.network:(lambda *a: {evil})",
     "os:({evil}) or build",
     "automl_on_ray.search_spaces.cells.network:build({evil})",
     "automl_on_ray.search_spaces.core.lookup:load_object", "build",
     "automl_on_ray.search_spaces.cells.network:build\n{evil}", '":{evil}#', ":", "", None, 3,
     "automl_on_ray.search_spaces.cells.network.build", "tests.workflows.test_export:trained"],
)  # fmt: skip
def test_only_the_builds_of_our_spaces_are_run(tmp_path, build):
    text = (
        build.format(evil=EVIL.format(str(tmp_path / "ran"))) if isinstance(build, str) else build
    )
    with pytest.raises(UserError, match=r"It is built by .* it is not run") as told:
        checked_recipe({**RECIPE, "build": text}, "It")
    assert str(told.value).isprintable()
    assert not list(tmp_path.iterdir())
    assert checked_recipe(RECIPE, "It").build is builds()["cells.network:build"]


@pytest.mark.parametrize(
    "build",
    ["automl_on_ray.search_spaces._cell_network:build", "search_spaces._cell_network:build",
     "search_spaces.cells.network:build"],
)  # fmt: skip
def test_models_that_were_registered_before_a_module_moved_are_rebuilt(build):
    assert checked_recipe({**RECIPE, "build": build}, "It").build is builds()["cells.network:build"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("config", []), ("config", {"a": [1]}), ("config", {"a": float("nan")}), ("config", None),
     ("config", {1: 2}), ("image_shape", "abc"), ("image_shape", [1, 2]), ("classes", [1]),
     ("image_shape", [1, 2, 10**9]), ("image_shape", [1, 2.5, 3]), ("mean", ["0.1"]),
     ("std", [float("inf")]), ("classes", None), ("answers", "no numbers")],
)  # fmt: skip
def test_a_recipe_is_plain_values_only(key, value):
    with pytest.raises(UserError, match="The recipe of It is none"):
        checked_recipe({**RECIPE, key: value}, "It")


@pytest.mark.parametrize("recipe", [{}, [], None, "text", {"build": RECIPE["build"]}])
def test_what_is_no_recipe_is_refused(recipe):
    with pytest.raises(UserError, match="It"):
        checked_recipe(recipe, "It")


def pickled(files, kind, evil):
    config = json.loads(files[f"data/{kind}/model_{kind}_config.json"])
    entry = {"path_name": "tensor_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
    config["config"]["evil"] = entry
    files[f"data/{kind}/model_{kind}_config.json"] = json.dumps(config).encode()
    files[f"data/{kind}/{'tensor' if kind == 'constants' else 'weight'}_0"] = evil


def saved(place):
    data = io.BytesIO()
    torch.save(Evil(place), data)
    return data.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda files, evil: pickled(files, "constants", evil),
        lambda files, evil: pickled(files, "weights", evil),
        lambda files, evil: files.update({"data/constants/custom_obj_0": evil}),
        lambda files, evil: files.update({"data/constants/opaque_obj_0": evil}),
        lambda files, evil: files.update({"data/aotinductor/model/model.so": evil}),
        lambda files, evil: files.update({"serialized_state_dict.pt": evil}),
        lambda files, evil: files.update({"data/weights/../../../evil": evil}),
    ],
)
def test_an_archive_with_more_than_plain_weights_is_refused(archive, tmp_path, change):
    place = tmp_path / "ran"
    path = changed(archive, tmp_path / "m.pt2", lambda files: change(files, saved(place)))
    with pytest.raises(UserError, match="it is not loaded"):
        weights_of(path, "It")
    assert not place.exists()


def test_what_torch_would_run_of_a_program_or_its_inputs_is_not_run(archive, tmp_path):
    """torch.export.load unpickles sample inputs, and makes functions of a program's guards."""
    place = tmp_path / "ran"

    def change(files):
        program = json.loads(files["models/model.json"])
        program["guards_code"] = [EVIL.format(str(place))]
        files["models/model.json"] = json.dumps(program).encode()
        files["data/sample_inputs/model.pt"] = saved(place)

    path = changed(archive, tmp_path / "m.pt2", change)
    rebuilt(checked_recipe(RECIPE, "It"), path, "It")
    assert not place.exists()


def cut(files):
    files["data/weights/weight_0"] = files["data/weights/weight_0"][:8]


def bloated(files):
    config = json.loads(files["data/weights/model_weights_config.json"])
    meta = next(iter(config["config"].values()))["tensor_meta"]
    meta["sizes"], meta["strides"] = [{"as_int": 1 << 50}], [{"as_int": 0}]
    files["data/weights/model_weights_config.json"] = json.dumps(config).encode()


@pytest.mark.parametrize(
    "change",
    [cut, bloated, lambda files: files.pop("data/weights/model_weights_config.json"),
     lambda files: files.update({"data/weights/model_weights_config.json": b"[]"}),
     lambda files: files.update({"byteorder": b"middle"})],
)  # fmt: skip
def test_a_damaged_archive_is_one_line(archive, tmp_path, change):
    with pytest.raises(UserError, match="The archive of It cannot be read"):
        weights_of(changed(archive, tmp_path / "m.pt2", change), "It")


def test_weights_of_another_network_are_refused(archive):
    recipe = checked_recipe({**RECIPE, "classes": ["a", "b"]}, "It")
    with pytest.raises(UserError, match="not of the network that its recipe describes"):
        rebuilt(recipe, archive, "It")
