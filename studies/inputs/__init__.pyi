from .checks import (
    check_images as check_images,
    check_pixels as check_pixels,
    check_supernet as check_supernet,
    data_offers as data_offers,
    study_name as study_name,
)
from .input_files import (
    read_cells as read_cells,
    read_known as read_known,
    read_list as read_list,
    read_points as read_points,
)
from .names import (
    check_experiment as check_experiment,
    check_model as check_model,
    check_study as check_study,
    model_name as model_name,
)
from .pairs import check_pair as check_pair
from .previous_trials import find_earlier as find_earlier, warmed as warmed
from .trainable import (
    accepts as accepts,
    bind as bind,
    check_constrained as check_constrained,
    check_data_parallel as check_data_parallel,
    facts as facts,
    find_space as find_space,
    find_trainable as find_trainable,
    is_reusable as is_reusable,
    load_data as load_data,
    objectives_of as objectives_of,
    outcome_constraints_of as outcome_constraints_of,
    taken_of as taken_of,
    trained_together as trained_together,
)
