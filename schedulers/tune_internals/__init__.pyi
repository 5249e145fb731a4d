from .calls_into_tune import (
    CheckpointResult as CheckpointResult,
    any_at_work as any_at_work,
    delete_checkpoint as delete_checkpoint,
    kept_checkpoints as kept_checkpoints,
    register_checkpoint as register_checkpoint,
    save_anew as save_anew,
    save_checkpoint as save_checkpoint,
    start_from as start_from,
)
from .checkpoint_fallback import place_of as place_of
from .experiment_state import (
    STATE_FILES as STATE_FILES,
    asking_for as asking_for,
    forget_errors as forget_errors,
    has_trials as has_trials,
    is_whole as is_whole,
    make_tuner as make_tuner,
    run_tuner as run_tuner,
)
from .ray_sync_patch import Sent as Sent, changes_only as changes_only, upload as upload
from .resumable_scheduler import ResumableScheduler as ResumableScheduler
from .slow_trials import Watch as Watch
from .sorted_rungs import sort_rungs as sort_rungs
from .trial_failures import SECONDS_TO_STOP as SECONDS_TO_STOP, ray_has_ended as ray_has_ended
