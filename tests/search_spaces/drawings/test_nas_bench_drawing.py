"""NAS-Bench-201's cells as pictures and text: they name what is there, and nothing else."""

from automl_on_ray.search_spaces.drawings.nas_bench_as_text import cell_text
from automl_on_ray.search_spaces.drawings.nas_bench_drawing import draw_cell
from automl_on_ray.search_spaces.nas_bench_201 import EDGES, key, parse_architecture

CELL = parse_architecture("|none~0|+|avg_pool_3x3~0|none~1|+|nor_conv_1x1~0|none~1|skip_connect~2|")


def test_text_has_a_line_a_node():
    assert cell_text(CELL).splitlines() == [
        "node 1 = 0",
        "node 2 = avg_pool_3x3(input)",
        "output = nor_conv_1x1(input) + skip_connect(node 2)",
    ]


def test_a_drawing_names_every_node_and_operation_and_leaves_none_out():
    svg = draw_cell(CELL).decode()
    for word in ("input", "node 1", "node 2", "output"):
        assert f">{word}<" in svg
    for word in ("avg pool 3x3", "nor conv 1x1", "skip connect"):
        assert svg.count(f">{word}<") == 1
    assert ">none<" not in svg


def test_every_edge_is_drawn():
    svg = draw_cell({key(*edge): "skip_connect" for edge in EDGES}).decode()
    assert svg.count(">skip connect<") == len(EDGES)


def test_equal_cells_are_equal_files_and_others_are_not():
    for kind in ("png", "svg"):
        assert draw_cell(CELL, kind) == draw_cell(dict(reversed(CELL.items())), kind)
        assert draw_cell(CELL, kind) != draw_cell({**CELL, "edge_0_1": "skip_connect"}, kind)
    assert draw_cell(CELL, "png").startswith(b"\x89PNG")
