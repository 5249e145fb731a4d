from .cell_graph import graph as graph
from .cells_by_word import read_cells as read_cells
from .encoding import (
    CELLS as CELLS,
    EDGES as EDGES,
    FIRST as FIRST,
    NODES as NODES,
    NONE as NONE,
    OPERATIONS as OPERATIONS,
    WITHOUT_WEIGHTS as WITHOUT_WEIGHTS,
    Edge as Edge,
    check_cells as check_cells,
    check_sizes as check_sizes,
    decode as decode,
    edges_of as edges_of,
    from_edges as from_edges,
    keys as keys,
    one_hot_mixing as one_hot_mixing,
    pairs as pairs,
    reductions as reductions,
)
from .genotypes import (
    MAX_CHARACTERS as MAX_CHARACTERS,
    genotype_text as genotype_text,
    parse_genotypes as parse_genotypes,
    split_words as split_words,
)
from .network import build as build
from .operation_sets import (
    KNOWN as KNOWN,
    OperationSet as OperationSet,
    operation_set as operation_set,
)
from .published_cells import NAMES as NAMES, published_cell as published_cell
