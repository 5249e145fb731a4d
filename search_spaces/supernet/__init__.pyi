from .network import FactorizedReduce as FactorizedReduce, Supernet as Supernet
from .recompute import Value as Value
