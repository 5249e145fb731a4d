"""Cells that a user hands over with --cells, in all their forms."""

import json

import numpy as np
import pytest

from automl_on_ray.search_spaces.cells import genotype_text, published_cell
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.darts import space as darts_space
from automl_on_ray.studies.finish.best_config import written
from automl_on_ray.studies.inputs import read_architectures, read_points


def space(operations="darts"):
    return darts_space(operations=operations, learning_rate=0.1, weight_decay=1e-4)


V1, V2 = published_cell("darts_v1"), published_cell("darts_v2")


def test_genotypes_are_taken_as_text_and_from_files_beside_published_names(tmp_path):
    several, one = tmp_path / "all.py", tmp_path / "one.genotype"
    several.write_text(f"A = {genotype_text(V1)}\nB = {genotype_text(V2)}\n")
    one.write_text(genotype_text(V2))
    assert read_architectures(f"darts_v1,{genotype_text(V2)}", space()) == {
        "darts_v1": V1,
        "genotype 2": V2,
    }
    assert read_architectures(f"{several}:B", space()) == {f"{several}:B": V2}
    assert read_architectures(str(one), space()) == {str(one): V2}
    assert read_architectures(str(several), space()) == {f"{several}:A": V1, f"{several}:B": V2}


def test_equal_cells_are_taken_once():
    assert list(read_architectures(f"{genotype_text(V2)},darts_v2,darts_v1", space())) == [
        "genotype 1",
        "darts_v1",
    ]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("none.txt", "none.txt cannot be read"),
        ("{folder}", "cannot be read"),
        ("{folder}/binary.txt", "is not text"),
        ("{folder}/empty.txt", "holds no genotype"),
        ("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|", "NAS-Bench-201"),
        ("Genotype(normal=[", "cannot be read"),
        ("darts_v9", "nor a file of genotypes"),
    ],
)
def test_what_holds_no_cell_is_told_in_one_line(word, message, tmp_path):
    folder = tmp_path / "folder.py"
    folder.mkdir()
    (folder / "binary.txt").write_bytes(b"\xff\xfe\x00Genotype(")
    (folder / "empty.txt").write_text("nothing here")
    with pytest.raises(UserError, match=message) as refused:
        read_architectures(word.format(folder=folder), space())
    assert "\n" not in str(refused.value)


def test_a_genotype_of_operations_that_the_space_lacks_is_refused():
    with pytest.raises(UserError, match="Config has"):
        read_architectures(genotype_text(V2), space(operations="s2"))


def test_a_studys_best_config_is_taken_as_it_is(tmp_path):
    """Its list of one has what the network was trained with, too."""
    config = {**space().sample(np.random.default_rng(0)), **V2}
    (tmp_path / "best_config.json").write_text(json.dumps([written(config, space())]))
    file = str(tmp_path / "best_config.json")
    assert read_architectures(file, space()) == {file: V2}
    assert read_points(tmp_path / "best_config.json", space())[0].items() >= V2.items()


def test_a_file_of_what_is_no_cell_is_refused_by_its_name(tmp_path):
    path = tmp_path / "cell.json"
    path.write_text('{"width": 3}')
    with pytest.raises(UserError) as refused:
        read_architectures(str(path), space())
    assert str(refused.value).startswith(f"{path}: ")
