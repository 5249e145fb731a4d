if __name__ != "automl_on_ray.trainables":  # a second copy, whose classes are no others' classes
    raise ImportError("import automl_on_ray.trainables instead of trainables")
