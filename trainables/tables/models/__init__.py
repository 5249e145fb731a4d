"""The models that a pipeline may end in, one file each: `NAME_model.py`.

Each has `create(config, settings) -> Model` and `load(folder, settings) -> Model`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
