from ._solver import Hvp as Hvp, Solver as Solver
from .conjugate_gradients import ConjugateGradients as ConjugateGradients
from .identity import Identity as Identity
from .neumann import Neumann as Neumann
from .nystrom import Nystrom as Nystrom
