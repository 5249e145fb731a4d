"""Cells that papers on DARTS's space found, by name, as configs.

Each is written as in its paper's own repository: a node's two (operation, source), by node.
"""

from automl_on_ray.search_spaces.cells.encoding import CELLS, FIRST, Edge, from_edges
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.domains import Config

_SHORT = {
    "max": "max_pool_3x3",
    "avg": "avg_pool_3x3",
    "skip": "skip_connect",
    "sep3": "sep_conv_3x3",
    "sep5": "sep_conv_5x5",
    "dil3": "dil_conv_3x3",
    "dil5": "dil_conv_5x5",
}
_CELLS = {
    # Liu et al. 2019, arXiv:1806.09055, first and second order
    "darts_v1": (
        "sep3 1 sep3 0 skip 0 sep3 1 skip 0 sep3 1 sep3 0 skip 2",
        "max 0 max 1 skip 2 max 0 max 0 skip 2 skip 2 avg 0",
    ),
    "darts_v2": (
        "sep3 0 sep3 1 sep3 0 sep3 1 sep3 1 skip 0 skip 0 dil3 2",
        "max 0 max 1 skip 2 max 1 max 0 skip 2 skip 2 max 1",
    ),
    # Dong and Yang 2019, arXiv:1910.04465
    "gdas": (
        "skip 0 skip 1 skip 0 sep5 2 sep3 3 skip 0 sep5 4 sep3 3",
        "sep5 0 sep3 1 sep5 2 sep5 1 dil5 2 sep3 1 sep5 0 sep5 1",
    ),
    # Chen et al. 2019, arXiv:1904.12760
    "p_darts": (
        "skip 0 dil3 1 skip 0 sep3 1 sep3 1 sep3 3 sep3 0 dil5 4",
        "avg 0 sep5 1 sep3 0 dil5 2 max 0 dil3 1 dil3 1 dil5 3",
    ),
    # Chen et al. 2021, arXiv:2006.10355
    "drnas": (
        "sep3 0 sep5 1 sep3 1 sep3 2 skip 0 sep3 1 sep3 2 dil5 3",
        "max 0 sep5 1 dil5 2 sep5 1 sep5 1 dil5 3 skip 4 sep5 1",
    ),
    # Xu et al. 2020, arXiv:1907.05737
    "pc_darts_cifar10": (
        "sep3 1 skip 0 sep3 0 dil3 1 sep5 0 sep3 1 avg 0 dil3 1",
        "sep5 1 max 0 sep5 1 sep5 2 sep3 0 sep3 3 sep3 1 sep3 2",
    ),
    "pc_darts_imagenet": (
        "skip 1 sep3 0 sep3 0 skip 1 sep3 1 sep3 3 sep3 1 dil5 4",
        "sep3 0 skip 1 dil5 2 max 1 sep3 2 sep3 1 sep5 0 sep3 3",
    ),
}
NAMES = tuple(_CELLS)


def published_cell(name: str) -> Config:
    """The config of the cells called `name`; UserError with the list for an unknown one."""
    if name not in _CELLS:
        raise UserError(f"Unknown published cell {name!r}. There are: {', '.join(NAMES)}.")
    cells = {}
    for cell, text in zip(CELLS, _CELLS[name], strict=True):
        words = text.split()
        pairs = zip(words[::2], words[1::2], strict=True)
        cells[cell] = [
            Edge(int(source), FIRST + place // 2, _SHORT[operation])
            for place, (operation, source) in enumerate(pairs)
        ]
    return from_edges(cells)
