"""A stored model loads where this project is not, by the code that it brings along."""

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io

from automl_on_ray.trainables.registered_models import bring_code, brought_code, call_types
from automl_on_ray.trainables.tables import Bagged, FittedPipeline
from automl_on_ray.trainables.tables.registered import BROUGHT
from tests.trainables.tables.fitted_tables import CONFIGS, attrition, bagged, wine

ELSEWHERE = """
import importlib, json, shutil, sys
from pathlib import Path

class Absent:  # this project is installed for the tests, and must not be found
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("automl_on_ray", "ray", "mlflow", "lazy_loader"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import pandas as pd

answers = []
for folder in map(Path, sys.argv[1:]):
    (code,) = (path for path in folder.iterdir() if path.name.startswith("automl_tables_"))
    sys.path.insert(0, str(folder))
    try:
        model = importlib.import_module(code.name)._load_pyfunc(str(folder / "model"))
    except ValueError as error:
        answers.append(str(error))
        continue
    told = model.predict(pd.read_json(folder / "rows.json", orient="table"))
    answers.append([list(told), told.iloc[:, 2:].to_numpy().tolist()])
    shutil.rmtree(folder)  # as that of a model which was fetched
print(json.dumps(answers))
"""


def stored(model, rows, folder):
    """As MLflow has it: code, model, and rows to ask it for."""
    code = bring_code(BROUGHT, folder)
    model.save(folder / "model")
    call_types(BROUGHT, folder / "model", code.name)
    rows.to_json(folder / "rows.json", orient="table", double_precision=15)
    return code


def asked_elsewhere(folders, tmp_path):
    """What each model answers in a process that has another folder and not this project."""
    words = [sys.executable, "-c", ELSEWHERE, *map(str, folders)]
    ran = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def members(table, names):
    """A model of one fold model each."""
    found = {}
    for name in names:
        (_, folds) = bagged(table, name).members[f"t_{name}"]
        found[name] = (1 / len(names), folds[:1])
    own = table()
    return Bagged(found, classes=own.classes, kinds=own.kinds, formats=own.formats)


@dataclass(frozen=True)
class Elsewhere:
    """What a process answered that has no project: by `name` of a model, beside what we `expected`.

    Before it asked the next model it removed the folder of the one before, and of its code.
    """

    told: dict[str, Any]
    expected: dict[str, Any]
    codes: dict[str, str]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("brought"), Elsewhere({}, {}, {})
    rows = attrition().test_features.head(20)

    def keep(name, model):
        (folder / name).mkdir()
        made.codes[name] = stored(model, rows, folder / name).name
        made.expected[name] = model.predict(rows)

    names = [name for name in CONFIGS if name != "catboost" or find_spec("catboost")]
    for name in names:
        keep(name, members(attrition, [name]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(brought_code, "ROOM", brought_code.ROOM + "\nVERSION = 2\n")
        keep("another version", members(attrition, ["linear"]))
    keep("anybody's", members(attrition, ["linear"]))
    skops.io.dump(subprocess.run, next((folder / "anybody's").rglob("preparation.skops")))
    told = asked_elsewhere([folder / name for name in made.codes], folder)
    made.told.update(zip(made.codes, told, strict=True))
    return made


@pytest.mark.slow
def test_models_of_every_kind_answer_the_same_where_the_project_is_not(elsewhere):
    """Each where the code of the one before is gone."""
    for name, expected in elsewhere.expected.items():
        if name != "anybody's":
            columns, told = elsewhere.told[name]
            assert columns == ["label", "probability", "P(No)", "P(Yes)"]
            np.testing.assert_allclose(told, expected, rtol=1e-9, err_msg=name)


@pytest.mark.slow
def test_models_of_two_versions_of_the_code_are_loaded_by_one_process(elsewhere):
    assert elsewhere.codes["linear"] != elsewhere.codes["another version"]
    assert elsewhere.told["linear"] == elsewhere.told["another version"]


def test_the_code_names_nothing_of_the_project_and_its_name_tells_its_content(tmp_path):
    code = bring_code(BROUGHT, tmp_path)
    assert bring_code(BROUGHT, tmp_path) == code, "what is there already is left so"
    texts = {path: path.read_text() for path in code.rglob("*.py")}
    assert len(texts) > 15
    for path, text in texts.items():
        assert "automl_on_ray" not in text, path
        assert "lazy_loader.attach" not in text, path


@pytest.mark.slow
def test_a_model_that_holds_anybody_s_code_is_not_loaded(elsewhere, tmp_path):
    refusal = "holds subprocess.run, which no model here has"
    assert refusal in elsewhere.told["anybody's"]
    stored(bagged(wine, "linear"), pd.DataFrame(), tmp_path)
    path = next(tmp_path.rglob("preparation.skops"))
    skops.io.dump(subprocess.run, path)
    with pytest.raises(ValueError, match=refusal):
        FittedPipeline.load(path.parent)


def test_types_of_the_stored_model_are_called_by_the_brought_code_s_name(tmp_path):
    code = stored(bagged(wine, "linear"), pd.DataFrame(), tmp_path)
    for path in tmp_path.rglob("*.skops"):
        with zipfile.ZipFile(path) as archive:
            told = archive.read("schema.json").decode()
        assert "automl_on_ray" not in told
        assert (f'"{code.name}.preparation' in told) == (path.name == "preparation.skops")
