from .page import (
    STYLE as STYLE,
    Report as Report,
    figures as figures,
    neighbours as neighbours,
    report_of as report_of,
    write_report as write_report,
)
