from .network import (
    FactorizedReduce as FactorizedReduce,
    Supernet as Supernet,
    SupernetSize as SupernetSize,
)
from .recompute import Value as Value
from .torch_internals import (
    OperationMode as OperationMode,
    add_each as add_each,
    copy_each as copy_each,
    norms as norms,
    storage_key as storage_key,
    tensors_in as tensors_in,
)
