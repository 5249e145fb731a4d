from .network import (
    FactorizedReduce as FactorizedReduce,
    Supernet as Supernet,
    SupernetSize as SupernetSize,
)
from .recompute import Value as Value
