from ._augmentation import BORDERS as BORDERS, Augmentation as Augmentation, batches as batches
from ._declared import declared as declared
from ._gpu_probe import Reading as Reading, measure as measure
from ._optimisation import SCHEDULED_BY as SCHEDULED_BY
from ._printed import keeping_prints as keeping_prints, printed_by as printed_by
from ._reports import reporting_plainly as reporting_plainly
from ._torch_trainable import TorchTrainable as TorchTrainable, read_state as read_state
