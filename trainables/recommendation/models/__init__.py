"""Recommenders, one file each: `NAME_model.py`, with `fit(config, seen, settings)` and `load`.

A config has `model` and the keys of that model, which begin with its name (`ease_l2`):

| model | keys | their usual ranges |
|---|---|---|
| popularity | | |
| recent_popularity | share | 0.01 - 1 (log): of the events, the latest |
| item_knn | neighbours, shrink | 5 - 1,000 (log, int); 0 - 200 |
| ease | l2 | 1 - 10,000 (log) |
| ials | factors, regularisation, alpha, iterations | 8 - 256 (log, int); 0.0001 - 0.1 (log); \
0.01 - 10 (log); 2 - 20 (int) |
| bpr | factors, learning_rate, regularisation, negatives, epochs | 8 - 256 (log, int); \
0.0005 - 0.05 (log); 0.000001 - 0.01 (log); 1 - 20 (log, int); 5 - 100 (log, int) |
| two_tower | factors, width, depth, dropout, learning_rate, weight_decay, negatives, epochs | \
8 - 256 (log, int); 32 - 512 (log, int); 0 - 2 (int); 0 - 0.7; 0.0003 - 0.01 (log); \
0.000001 - 0.1 (log); 32 - 2,048 (log, int); 2 - 50 (log, int) |
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
