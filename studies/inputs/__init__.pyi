from .checks import (
    check_directions as check_directions,
    check_images as check_images,
    check_pixels as check_pixels,
    check_supernet as check_supernet,
    data_kwargs as data_kwargs,
    study_name as study_name,
)
from .hypergradients import (
    check_one_process as check_one_process,
    hypergradients_of as hypergradients_of,
    keys_in as keys_in,
    tunables as tunables,
    tuning as tuning,
    usual_hypergradients as usual_hypergradients,
    with_starts as with_starts,
)
from .input_files import (
    read_architectures as read_architectures,
    read_points as read_points,
)
from .json_files import read_list as read_list
from .known_results import read_known as read_known, read_results as read_results
from .metrics import check_image_metrics as check_image_metrics
from .names import (
    check_experiment as check_experiment,
    check_model as check_model,
    check_study as check_study,
    model_name as model_name,
)
from .networks import (
    begun as begun,
    draft_prior as draft_prior,
    limits_of as limits_of,
    network_kwargs as network_kwargs,
    placed as placed,
    within as within,
)
from .pairs import (
    check_fold_scheduler as check_fold_scheduler,
    check_heeded as check_heeded,
    check_pair as check_pair,
)
from .priors import (
    beliefs_heeded as beliefs_heeded,
    parted as parted,
    prior_asked as prior_asked,
    tell_beliefs as tell_beliefs,
)
from .trainable import (
    accepts as accepts,
    bind as bind,
    check_constrained as check_constrained,
    check_data_parallel as check_data_parallel,
    final_objectives as final_objectives,
    find_space as find_space,
    find_trainable as find_trainable,
    images_of as images_of,
    is_reusable as is_reusable,
    load_data as load_data,
    objectives_of as objectives_of,
    outcome_constraints_of as outcome_constraints_of,
    own_kwargs as own_kwargs,
    taken_of as taken_of,
    trained_together as trained_together,
)
from .words import (
    check_budget as check_budget,
    check_choice_of as check_choice_of,
    check_own_code as check_own_code,
    check_words as check_words,
)
