"""Pictures of a search over its epochs."""

import io

import torch
from PIL import Image

from automl_on_ray.search_spaces.cells import CELLS, OPERATIONS, decode
from automl_on_ray.search_spaces.drawings import animate_cells, draw_mixing


def search(epochs, seed=0):
    """Mixing weights by epoch, and the cells that they stand for."""
    generator = torch.Generator().manual_seed(seed)
    draw = [
        {cell: torch.rand(14, 8, generator=generator).softmax(1) for cell in CELLS}
        for _ in range(epochs)
    ]
    return draw, [decode(mixing, OPERATIONS) for mixing in draw]


def opened(picture):
    return Image.open(io.BytesIO(picture))


def test_mixing_weights_are_a_picture_which_is_another_for_other_weights():
    mixing, cells = search(3)
    picture = draw_mixing(mixing, OPERATIONS, cells[-1])
    assert opened(picture).size == (1300, 1500)
    assert draw_mixing(mixing, OPERATIONS, cells[-1]) == picture
    assert draw_mixing(mixing, OPERATIONS, cells[0]) != picture  # what is kept is marked
    assert draw_mixing(search(3, seed=1)[0], OPERATIONS, cells[-1]) != picture


def test_one_epoch_of_two_operations_can_be_drawn():
    mixing = [{cell: torch.full((14, 2), 0.5) for cell in CELLS}]
    two = ("skip_connect", "sep_conv_3x3")
    assert opened(draw_mixing(mixing, two, decode(mixing[0], two))).format == "PNG"


def test_the_animation_has_a_frame_for_each_epoch_with_another_cell_and_ends_slowly():
    cells = search(3)[1]
    film = opened(animate_cells([cells[0], cells[0], cells[1], cells[1], cells[2]]))
    durations = []
    for frame in range(film.n_frames):
        film.seek(frame)
        durations.append(film.info["duration"])
    assert durations == [700, 700, 3000]


def test_a_long_search_is_shown_in_eight_frames_at_most():
    film = animate_cells(search(12)[1])
    assert opened(film).n_frames == 8
    assert len(film) < 1_000_000


def test_a_cell_that_never_changes_is_one_frame():
    cell = search(1)[1][0]
    assert opened(animate_cells([cell] * 5)).n_frames == 1
