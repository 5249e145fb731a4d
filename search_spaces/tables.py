"""Pipelines for tables: encoders, imputation, scaling, generated and selected columns, models.

One flat space with conditions: the model says which of the other decisions there are.
"""

from automl_on_ray.search_spaces._pipelines import MODELS, pipelines

SPACE = pipelines("tables", MODELS)
