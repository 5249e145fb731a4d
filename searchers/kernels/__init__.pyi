from .features import KERNELS as KERNELS, Features as Features, Rows as Rows
from .process import (
    Kernel as Kernel,
    Posterior as Posterior,
    expected_improvement as expected_improvement,
    fitted as fitted,
)
from .ranking import targets as targets
from .sources import Scores as Scores, SourceModels as SourceModels, slopes as slopes
