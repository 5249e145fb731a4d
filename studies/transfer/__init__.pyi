from .portfolio import first_configs as first_configs
from .tables import fitting as fitting, is_file as is_file, read_source as read_source
