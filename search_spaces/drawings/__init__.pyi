from .cell_drawing import draw_cells as draw_cells
from .cells_as_text import cell_text as cell_text
from .forms import (
    BENCHMARK_CELL as BENCHMARK_CELL,
    DARTS_CELLS as DARTS_CELLS,
    STAGES as STAGES,
    TABLE as TABLE,
    Form as Form,
)
from .rendering import rendered as rendered
from .search_drawing import animate_cells as animate_cells, draw_mixing as draw_mixing
