from .by_example import ByExample as ByExample
from .course import Course as Course
from .forward_mode import (
    begin_tangents as begin_tangents,
    forward as forward,
    forward_step as forward_step,
)
from .implicit_differentiation import implicit as implicit
from .online_descent import online as online, online_step as online_step
from .problem import (
    Hypergradient as Hypergradient,
    Problem as Problem,
    Tensors as Tensors,
    Unconstrained as Unconstrained,
    WithConstants as WithConstants,
    detached as detached,
    leaves as leaves,
    training_gradient as training_gradient,
    training_step as training_step,
)
from .reverse_mode import reverse as reverse
from .trainable import HypergradientTrainable as HypergradientTrainable
from .transforms import Log as Log, Logit as Logit, Transform as Transform
from .tuned import (
    TRANSFORMS as TRANSFORMS,
    HypergradientSettings as HypergradientSettings,
    Tunable as Tunable,
    Tuned as Tuned,
    parse_tuned as parse_tuned,
    spread as spread,
)
from .updates import (
    RULES as RULES,
    adam as adam,
    begin_adam as begin_adam,
    begin_sgd as begin_sgd,
    decay_penalty as decay_penalty,
    nearest as nearest,
    nearest_key as nearest_key,
    sgd as sgd,
)
