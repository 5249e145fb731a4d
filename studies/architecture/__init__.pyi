from .candidates import (
    Candidate as Candidate,
    Judged as Judged,
    Searched as Searched,
    best_rows as best_rows,
    candidates_of as candidates_of,
    judge as judge,
    random_candidates as random_candidates,
    searched_of as searched_of,
)
from .cell_training import MOST_RANDOM as MOST_RANDOM, compare as compare
from .plan import (
    COMPARED as COMPARED,
    FOUND as FOUND,
    OBJECTIVE as OBJECTIVE,
    NasPlan as NasPlan,
    prepare as prepare,
)
from .report import (
    end_stage as end_stage,
    keep_cell as keep_cell,
    print_judged as print_judged,
    print_searched as print_searched,
)
from .settings import NasSettings as NasSettings
from .supernet_pictures import search_pictures as search_pictures
