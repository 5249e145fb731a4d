"""All of AutoML on Ray. Each room is a link to the folder of that name beside this one.

from automl_on_ray import tune

result = tune(train, {"lr": loguniform(1e-4, 1e-1)}, objective="-loss", trials=20)
print(result.best.config)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
