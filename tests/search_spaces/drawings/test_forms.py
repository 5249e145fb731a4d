"""How members of each space are written and drawn."""

import io

import numpy as np
import pytest
from PIL import Image

from automl_on_ray.search_spaces import darts, macro, mnist_cnn, nas_bench_201
from automl_on_ray.search_spaces.cells import published_cell
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.drawings import TABLE

MACRO = {
    "stem_width": 12, "stem_kernel": 3, "stages": 2, "dropout": 0.25,
    "stage1_block": "bottleneck", "stage1_depth": 2, "stage1_width": 24, "stage1_kernel": 5,
    "stage1_expansion": 3, "stage1_squeeze": True,
    "stage2_block": "convolution", "stage2_depth": 1, "stage2_width": 32, "stage2_kernel": 3,
}  # fmt: skip
CELL = "|avg_pool_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"
BENCHMARK = nas_bench_201.parse_architecture(CELL)
SPACES = [darts.SPACE, nas_bench_201.SPACE, macro.SPACE, mnist_cnn.SPACE]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_any_member_is_a_text_and_a_picture_that_are_equal_for_equal_members(space):
    form = space.form or TABLE
    one, other = (space.sample(np.random.default_rng(seed)) for seed in (1, 2))
    assert form.text(one) == form.text(dict(one)) != form.text(other)
    picture = form.draw(one, (1, 28, 28), "png")
    assert picture == form.draw(dict(one), (1, 28, 28), "png") != form.draw(other, None, "png")
    with Image.open(io.BytesIO(picture)) as image:
        assert min(image.size) > 100
    assert "<svg" in form.draw(one, None, "svg").decode()


def test_a_macro_network_is_told_by_its_stages():
    assert macro.SPACE.form.text(MACRO).splitlines() == [
        "stem: width 12, kernel 3",
        "stage 1: 2 x bottleneck, width 24, kernel 5, expansion 3, squeeze",
        "stage 2: 1 x convolution, width 32, kernel 3",
        "head: dropout 0.25",
    ]


@pytest.mark.parametrize(
    ("shape", "between", "stem"),
    [
        ((1, 28, 28), ["1 x 28 x 28", "12 x 14 x 14", "24 x 14 x 14", "32 x 7 x 7"], 2),
        ((3, 224, 224), ["3 x 224 x 224", "12 x 28 x 28", "24 x 28 x 28", "32 x 14 x 14"], 8),
    ],
)
def test_its_picture_has_the_sizes_between_the_stages_as_the_network_has_them(shape, between, stem):
    drawn = macro.SPACE.form.draw(MACRO, shape, "svg").decode()
    places = [drawn.index(f">{size}<") for size in between]
    assert all(places)
    assert f">stride {stem}<" in drawn
    assert drawn.count(">squeeze<") == 1


def test_a_benchmark_cell_is_told_by_its_states_and_none_is_left_out_or_dotted():
    form = nas_bench_201.SPACE.form
    assert form.text(BENCHMARK).splitlines() == [
        "1 = avg_pool_3x3(input)",
        "2 = nor_conv_3x3(1)",
        "output = skip_connect(input) + nor_conv_1x1(1)",
    ]
    assert form.genotype(BENCHMARK) == CELL
    assert form.read(CELL, 1) == {CELL: BENCHMARK}
    drawn = form.draw(BENCHMARK, None, "svg").decode()
    assert drawn.count("stroke-dasharray") == 2
    assert drawn.count(">none<") == 2


@pytest.mark.parametrize(
    ("space", "word", "message"),
    [
        (nas_bench_201.SPACE, "darts_v2", "neither a .json nor an architecture as NAS-Bench-201"),
        (nas_bench_201.SPACE, "|none~0|", "cannot be read; write it as"),
        (darts.SPACE, CELL, "--space nas-bench-201 takes it"),
    ],
)
def test_a_word_of_another_space_is_refused_with_what_would_be_one(space, word, message):
    with pytest.raises(UserError, match=message):
        space.form.read(word, 1)


def test_darts_cells_are_written_as_in_papers_and_read_back():
    form, cell = darts.SPACE.form, published_cell("darts_v2")
    assert form.read(form.genotype(cell), 1) == {"genotype 1": cell}
    assert form.text(cell).startswith("normal cell\n  node 0 = sep_conv_3x3(c(k-2))")
