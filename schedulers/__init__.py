if __name__ != "automl_on_ray.schedulers":  # a second copy, whose classes are no others' classes
    raise ImportError("import automl_on_ray.schedulers instead of schedulers")
