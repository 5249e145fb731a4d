from .look import (
    FOUND as FOUND,
    OF_USERS as OF_USERS,
    bootstrap as bootstrap,
    look_at_test as look_at_test,
)
from .report import (
    Activity as Activity,
    Compared as Compared,
    Interval as Interval,
    RecommendReport as RecommendReport,
    Shown as Shown,
)
from .words import SPELLED as SPELLED, lines_of as lines_of, verdict as verdict
