"""What a study of a table ends with: one look at the test part, as data and in words."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
