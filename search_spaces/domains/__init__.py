"""Ray Tune's domains: bounds and steps, values of any kind as labels, dicts of domains."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
