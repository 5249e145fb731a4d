from .cluster_file import (
    check_brackets as check_brackets,
    check_excluded as check_excluded,
    check_filled as check_filled,
    check_mounts as check_mounts,
    check_one_short as check_one_short,
    prepare as prepare,
    read as read,
)
from .finding import UNFILLED as UNFILLED, ClusterFile as ClusterFile, Finding as Finding
from .live import examine_live as examine_live
from .machines import check_node_configs as check_node_configs, check_safety as check_safety
from .ports import (
    check_dashboard as check_dashboard,
    check_mlflow as check_mlflow,
    check_security_groups as check_security_groups,
)
from .price import check_prices as check_prices, price_lines as price_lines
from .stores import check_storage as check_storage, check_tracking as check_tracking
from .versions import check_torch as check_torch, check_versions as check_versions
