import lazy_loader

if __name__ != "automl_on_ray.searchers":  # a second copy, whose classes are no others' classes
    raise ImportError("import automl_on_ray.searchers instead of searchers")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
