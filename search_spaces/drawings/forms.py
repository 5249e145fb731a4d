"""How members of a space are written, read and drawn: what a space offers beside its network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from automl_on_ray.search_spaces.core import UserError

Config: TypeAlias = dict[str, Any]
ImageShape: TypeAlias = tuple[int, int, int]  # channels, height, width
Format: TypeAlias = Literal["png", "svg"]
Text: TypeAlias = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class Form:
    """`noun` is what a member is called; each function looks at its own keys of a config alone.

    `text` has lines for a terminal. `draw` gives a picture's bytes, of the network for images of
    that shape if it is known. `genotype` is one line as papers write it; `read` gives the members
    by name that a word of `--cells` stands for, and raises UserError if it is none. `check` raises
    UserError for what is no member, where it knows more than the space's domains tell.
    """

    noun: str
    text: Text
    draw: Callable[[Mapping[str, Any], ImageShape | None, Format], bytes]
    genotype: Text | None = None
    read: Callable[[str, int], dict[str, Config]] | None = None
    check: Callable[[Mapping[str, Any]], None] | None = None


# Each imports what it needs when it is called: a worker needs none of it.


def _darts_text(config: Mapping[str, Any]) -> str:
    from automl_on_ray.search_spaces.drawings.cells_as_text import cell_text

    return cell_text(config)


def _darts_picture(config: Mapping[str, Any], shape: ImageShape | None, format: Format) -> bytes:
    from automl_on_ray.search_spaces.drawings.cell_drawing import draw_cells

    return draw_cells(config, format)


def _darts_genotype(config: Mapping[str, Any]) -> str:
    from automl_on_ray.search_spaces.cells import genotype_text

    return genotype_text(config)


def _darts_read(word: str, number: int) -> dict[str, Config]:
    from automl_on_ray.search_spaces.cells import read_cells

    return read_cells(word, number)


def _darts_check(config: Mapping[str, Any]) -> None:
    from automl_on_ray.search_spaces.cells import KNOWN, check_cells

    check_cells(config, KNOWN)


def _benchmark_text(config: Mapping[str, Any]) -> str:
    from automl_on_ray.search_spaces.drawings.benchmark_cell import benchmark_cell_text

    return benchmark_cell_text(config)


def _benchmark_picture(
    config: Mapping[str, Any], shape: ImageShape | None, format: Format
) -> bytes:
    from automl_on_ray.search_spaces.drawings.benchmark_cell import draw_benchmark_cell

    return draw_benchmark_cell(config, format)


def _benchmark_genotype(config: Mapping[str, Any]) -> str:
    from automl_on_ray.search_spaces.nas_bench_201 import architecture_text

    return architecture_text(config)


def _benchmark_read(word: str, number: int) -> dict[str, Config]:
    from automl_on_ray.search_spaces.nas_bench_201 import parse_architecture

    if not word.startswith("|"):
        raise UserError(
            f"Unknown cell {word!r}: neither a .json nor an architecture as NAS-Bench-201 writes "
            "it, such as |nor_conv_3x3~0|+|none~0|skip_connect~1|+|..."
        )
    return {word: parse_architecture(word)}


def _benchmark_check(config: Mapping[str, Any]) -> None:
    from automl_on_ray.search_spaces.nas_bench_201 import check_cell

    check_cell(config)


def _stages_text(config: Mapping[str, Any]) -> str:
    from automl_on_ray.search_spaces.drawings.stages import stages_text

    return stages_text(config)


def _stages_picture(config: Mapping[str, Any], shape: ImageShape | None, format: Format) -> bytes:
    from automl_on_ray.search_spaces.drawings.stages import draw_stages

    return draw_stages(config, shape, format)


def _table_text(config: Mapping[str, Any]) -> str:
    from automl_on_ray.search_spaces.drawings.decision_table import table_text

    return table_text(config)


def _table_picture(config: Mapping[str, Any], shape: ImageShape | None, format: Format) -> bytes:
    from automl_on_ray.search_spaces.drawings.decision_table import draw_table

    return draw_table(config, format)


DARTS_CELLS = Form("cell", _darts_text, _darts_picture, _darts_genotype, _darts_read, _darts_check)
BENCHMARK_CELL = Form(
    "cell", _benchmark_text, _benchmark_picture, _benchmark_genotype, _benchmark_read,
    _benchmark_check,
)  # fmt: skip
STAGES = Form("network", _stages_text, _stages_picture)
TABLE = Form("network", _table_text, _table_picture)  # of a space that has none of its own
