from .portfolio import first_configs as first_configs
