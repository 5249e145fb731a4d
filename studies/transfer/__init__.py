"""Begins a study from what others have found: which of them, and what of it is for today."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
