from .checkpoints import (
    delete_all as delete_all,
    needless_checkpoints as needless_checkpoints,
)
from .comparison import compare as compare
from .overview import OUTCOMES as OUTCOMES, list_studies as list_studies
from .removal import Removal as Removal, plan_removal as plan_removal
from .showing import show as show
from .sizes import (
    DiskUse as DiskUse,
    disk_use as disk_use,
    in_bytes as in_bytes,
    size_of as size_of,
)
from .stopping import ask_to_stop as ask_to_stop
