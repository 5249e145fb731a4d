from .head import alone as alone, bundles as bundles
from .multi_process_trial import by_hand as by_hand, data_parallel as data_parallel
from .process_group import ALONE as ALONE, World as World
