if __name__ != "automl_on_ray.searchers":  # a second copy, whose classes are no others' classes
    raise ImportError("import automl_on_ray.searchers instead of searchers")
