from .checkpoints import newest_checkpoints as newest_checkpoints
from .conclusion import conclude as conclude
from .ending import Ending as Ending, Final as Final
from .final_training import TrainedAgain as TrainedAgain
from .interrupted import say_how_to_go_on as say_how_to_go_on
from .notification import Notice as Notice
from .terminal_report import (
    config_text as config_text,
    print_failures as print_failures,
    print_final as print_final,
    print_links as print_links,
    print_trials as print_trials,
    ui_command as ui_command,
    why_nothing_scored as why_nothing_scored,
)
