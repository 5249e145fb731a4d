from .asked import (
    AUTO as AUTO,
    GpusAsked as GpusAsked,
    check_asked as check_asked,
    gpus_asked as gpus_asked,
    joins_cluster as joins_cluster,
)
from .aws_account import prepare_account as prepare_account, read_cluster as read_cluster
from .bucket_copy import STAMP as STAMP, Mirror as Mirror, is_running as is_running
from .connect import (
    check_address as check_address,
    check_data as check_data,
    check_shared as check_shared,
    patience as patience,
    start_ray as start_ray,
)
from .gpu_share import measured_share as measured_share
from .leftover_agents import leave_a_stopped_ray as leave_a_stopped_ray
from .shutdown import stop_all as stop_all
from .slots import (
    Resources as Resources,
    assign_resources as assign_resources,
    check_resources as check_resources,
    check_workers as check_workers,
    memory_of_a_trial as memory_of_a_trial,
    refuse_idle_gpus as refuse_idle_gpus,
    wait_for_workers as wait_for_workers,
)
from .storage import (
    Stage as Stage,
    Storage as Storage,
    find_storage as find_storage,
    folder_named as folder_named,
)
