"""What a user may like next: events of users and items, metrics of rankings, and recommenders."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
