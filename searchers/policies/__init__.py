"""Policies over a space's decisions, and how they are trained on what members came to."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
