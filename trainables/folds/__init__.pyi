from .fold_by_fold import (
    FoldByFold as FoldByFold,
    FoldsDone as FoldsDone,
    Judged as Judged,
    member_and_seed as member_and_seed,
    read_folds as read_folds,
)
from .greedy_selection import (
    MOST as MOST,
    ROUNDS as ROUNDS,
    greedy as greedy,
    weights_of as weights_of,
)
