"""Recommenders, one file each: `NAME_model.py`, with `fit(config, seen, settings)` and `load`.

Registered models bring these files along, so they import nothing else of this project. A config
has `model` and the keys of that model, which begin with its name (`ease_l2`):

| model | keys |
|---|---|
| popularity | |
| recent_popularity | share |
| item_knn | neighbours, shrink |
| ease | l2 |
| ials | factors, regularisation, alpha, iterations |
| bpr | factors, learning_rate, regularisation, negatives, epochs |
| two_tower | factors, width, depth, dropout, learning_rate, weight_decay, negatives, epochs |
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
