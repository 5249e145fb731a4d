"""Cells as pictures and text: they name what is there, and depend on nothing else."""

from automl_on_ray.search_spaces.cells import published_cell
from automl_on_ray.search_spaces.drawings import cell_text, draw_cells

CELL = published_cell("pc_darts_cifar10")


def test_a_drawing_names_every_state_and_operation():
    svg = draw_cells(CELL, "svg").decode()
    for word in ("normal cell", "reduction cell", "c(k-2)", "node 3", "avg pool 3x3"):
        assert word in svg
    assert svg.count("sep conv 5x5") == 1 + 3


def test_equal_cells_are_equal_files_and_others_are_not():
    for kind, begins in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        drawn = draw_cells(CELL, kind)
        assert drawn.startswith(begins)
        assert drawn == draw_cells(dict(reversed(CELL.items())), kind)
        assert drawn != draw_cells(published_cell("darts_v2"), kind)


def test_text_has_a_line_a_node():
    lines = cell_text(CELL).splitlines()
    assert len(lines) == 10
    assert lines[1] == "  node 0 = skip_connect(c(k-2)) + sep_conv_3x3(c(k-1))"
    assert lines[9] == "  node 3 = sep_conv_3x3(c(k-1)) + sep_conv_3x3(node 0)"
