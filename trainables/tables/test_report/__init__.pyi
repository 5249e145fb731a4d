from .calibration import Calibration as Calibration, calibration_of as calibration_of
from .confusion import Confusion as Confusion, confusion_of as confusion_of
from .importance import Importance as Importance
from .look import (
    CONSTANT as CONSTANT,
    ENSEMBLE as ENSEMBLE,
    LINEAR as LINEAR,
    SINGLE as SINGLE,
    look_at_test as look_at_test,
)
from .report import (
    Compared as Compared,
    TableReport as TableReport,
)
from .what_did_not_help import Behind as Behind, Tried as Tried
from .words import compared_lines as compared_lines, lines_of as lines_of
