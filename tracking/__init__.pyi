from .callback import TrackingCallback as TrackingCallback
from .error_lines import error_line as error_line, error_text as error_text
from .provenance import versions as versions
from .recorded import (
    TRUST as TRUST,
    RecordedStudy as RecordedStudy,
    RecordedTrial as RecordedTrial,
    read_recorded as read_recorded,
)
from .study import NO_DATA as NO_DATA, Study as Study, TrialRow as TrialRow
