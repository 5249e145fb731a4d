"""The models that forecast, one file each: `NAME_model.py`.

Each has `fit(config, history, settings) -> Forecaster` and `load(folder) -> Forecaster`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
