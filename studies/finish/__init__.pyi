from .conclusion import conclude as conclude
from .confidence import half_width as half_width
from .interrupted import say_how_to_go_on as say_how_to_go_on
from .terminal_report import (
    config_text as config_text,
    print_failures as print_failures,
    why_nothing_scored as why_nothing_scored,
)
