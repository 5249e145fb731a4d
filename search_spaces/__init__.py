if __name__ != "automl_on_ray.search_spaces":  # a second copy, whose classes are no others' classes
    raise ImportError("import automl_on_ray.search_spaces instead of search_spaces")
