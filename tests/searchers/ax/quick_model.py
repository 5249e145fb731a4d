"""Ax's model as processes of tests run it: its search for a config begins at fewer points."""

from automl_on_ray.searchers.ax import model

model.RESTARTS, model.RAW_SAMPLES = 4, 128
AxModel = model.AxModel
