import lazy_loader

from automl_on_ray.schedulers.tune_internals.required_names import TUNE

TUNE.check_at_import()  # all else here needs them

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
