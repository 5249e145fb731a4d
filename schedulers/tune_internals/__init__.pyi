from .checkpoint_fallback import place_of as place_of
from .ray_sync_patch import Sent as Sent, changes_only as changes_only, upload as upload
from .resumable_scheduler import ResumableScheduler as ResumableScheduler
from .slow_trials import Watch as Watch
from .sorted_rungs import sort_rungs as sort_rungs
from .trial_failures import SECONDS_TO_STOP as SECONDS_TO_STOP, ray_has_ended as ray_has_ended
