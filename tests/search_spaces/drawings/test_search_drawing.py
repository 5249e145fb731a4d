"""Pictures of a search over its epochs."""

import io

import torch
from PIL import Image

from automl_on_ray.search_spaces.cells import CELLS, OPERATIONS, decode
from automl_on_ray.search_spaces.drawings import animate_cells, draw_mixing, search_drawing

TWO = ("skip_connect", "sep_conv_3x3")


def search(epochs, seed=0, operations=OPERATIONS):
    """Mixing weights by epoch, and the cells that they stand for."""
    generator = torch.Generator().manual_seed(seed)
    draw = [
        {cell: torch.rand(14, len(operations), generator=generator).softmax(1) for cell in CELLS}
        for _ in range(epochs)
    ]
    return draw, [decode(mixing, operations) for mixing in draw]


def opened(picture):
    return Image.open(io.BytesIO(picture))


def test_mixing_weights_are_a_picture_which_is_another_for_other_weights():
    mixing, cells = search(3, operations=TWO)
    picture = draw_mixing(mixing, TWO, cells[-1])
    assert opened(picture).size == (1300, 1500)
    assert draw_mixing(mixing, TWO, cells[-1]) == picture
    assert draw_mixing(mixing, TWO, cells[0]) != picture  # what is kept is marked
    assert draw_mixing(search(3, seed=1, operations=TWO)[0], TWO, cells[-1]) != picture


def test_one_epoch_of_all_operations_can_be_drawn():
    mixing = [{cell: torch.full((14, len(OPERATIONS)), 0.5) for cell in CELLS}]
    cells = decode(mixing[0], OPERATIONS)
    assert opened(draw_mixing(mixing, OPERATIONS, cells)).format == "PNG"


def test_the_animation_has_a_frame_for_each_epoch_with_another_cell_and_ends_slowly():
    cells = search(3)[1]
    film = opened(animate_cells([cells[0], cells[0], cells[1], cells[1], cells[2]]))
    durations = []
    for frame in range(film.n_frames):
        film.seek(frame)
        durations.append(film.info["duration"])
    assert durations == [700, 700, 3000]


def test_a_long_search_is_shown_in_no_more_frames_than_said(monkeypatch):
    monkeypatch.setattr(search_drawing, "MAX_PICTURES", 2)
    film = animate_cells(search(12)[1])
    assert opened(film).n_frames == 2
    assert len(film) < 2 * 125_000


def test_a_cell_that_never_changes_is_one_frame():
    cell = search(1)[1][0]
    assert opened(animate_cells([cell] * 5)).n_frames == 1
