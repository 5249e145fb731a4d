"""The models that forecast: those that learn in one file each, `NAME_model.py`.

Each of those has `fit(config, history, settings) -> Forecaster` and `load(folder) -> Forecaster`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
