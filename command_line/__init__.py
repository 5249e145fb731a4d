import lazy_loader

if __name__ != "automl_on_ray.command_line":  # a second copy, whose classes are no others' classes
    raise ImportError("import automl_on_ray.command_line instead of command_line")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
