from .architecture import Architecture as Architecture, Mixing as Mixing
from .architecture_gradient import (
    after_step as after_step,
    first_order as first_order,
    product_by_autograd as product_by_autograd,
    product_by_difference as product_by_difference,
)
from .bilevel import (
    Batch as Batch,
    Bilevel as Bilevel,
    alpha_step as alpha_step,
    check_hypergradient as check_hypergradient,
    step_of as step_of,
    weight_step as weight_step,
)
from .collapse_detector import (
    SETTLED as SETTLED,
    STRONGER as STRONGER,
    STRONGEST as STRONGEST,
    CollapseSign as CollapseSign,
    EpochStatistics as EpochStatistics,
    check_remedy as check_remedy,
    examine as examine,
    window_of as window_of,
)
from .epoch_statistics import cell_facts as cell_facts, empty_operations as empty_operations
from .hessian import dominant_eigenvalue as dominant_eigenvalue
from .memory_forecast import step_bytes as step_bytes
from .optimisers import DEFAULTS as DEFAULTS, weights_optimizer as weights_optimizer
from .perturbation import select_by_perturbation as select_by_perturbation
from .relaxations import check_learned as check_learned, find_relaxation as find_relaxation
from .selections import check_selection as check_selection
from .settings import check_setting as check_setting
from .training import (
    SupernetKeywords as SupernetKeywords,
    SupernetTraining as SupernetTraining,
)
