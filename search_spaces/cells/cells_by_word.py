"""The cells that a word stands for: a published one's name, a genotype, or a file of these."""

from pathlib import Path

from automl_on_ray.search_spaces.cells.genotypes import MAX_CHARACTERS, parse_genotypes
from automl_on_ray.search_spaces.cells.published_cells import NAMES, published_cell
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.domains import Config

GENOTYPE_FILES = (".txt", ".py", ".genotype")


def read_cells(word: str, number: int) -> dict[str, Config]:
    """By name; a genotype is called by the word's `number`. UserError if the word is none of it."""
    if "Genotype" in word and "(" in word:
        cells = parse_genotypes(word, f"Cell {number}")
        return {f"genotype {number}" + f":{name}" * (len(cells) > 1): cells[name] for name in cells}
    file, _, chosen = word.partition(":")
    if Path(file).suffix in GENOTYPE_FILES:
        return _genotypes(Path(file), chosen)
    if word.startswith("|"):
        raise UserError(
            f"{word} is an architecture of NAS-Bench-201, not a cell of DARTS's space; "
            "--space nas-bench-201 takes it."
        )
    if word not in NAMES:
        raise UserError(
            f"Unknown cell {word!r}: neither a published one ({', '.join(NAMES)}) nor a "
            f".json, nor a genotype, nor a file of genotypes ({', '.join(GENOTYPE_FILES)})."
        )
    return {word: published_cell(word)}


def _genotypes(path: Path, chosen: str) -> dict[str, Config]:
    """All of a file, or the one that is assigned to the name `chosen`."""
    try:
        with path.open() as file:
            text = file.read(MAX_CHARACTERS + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UserError(f"{path} is not text: {error}.") from error
    cells = parse_genotypes(text, str(path), chosen)
    if len(cells) == 1 and not chosen:
        return {str(path): cell for cell in cells.values()}
    return {f"{path}:{name}": cell for name, cell in cells.items()}
