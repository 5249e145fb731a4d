"""Makes a table's columns the numbers that a model takes.

But for `create.py` each file here stands alone: a registered model brings it along, and has numpy,
pandas and scikit-learn only.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
