"""A Gaussian process over members of a space: their features, and what it believes of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
