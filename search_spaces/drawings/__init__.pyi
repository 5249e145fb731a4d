from .cell_drawing import draw_cells as draw_cells
from .cells_as_text import cell_text as cell_text
from .rendering import rendered as rendered
from .search_drawing import animate_cells as animate_cells, draw_mixing as draw_mixing
