from .multi_task import (
    SourceFeatures as SourceFeatures,
    Transfer as Transfer,
    TransferGP as TransferGP,
    beside as beside,
    negative_likelihood as negative_likelihood,
)
from .sources import Sources as Sources, Task as Task, spread as spread
