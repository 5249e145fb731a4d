"""What a kind of data and the models of it declare, in words that all rooms share."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
