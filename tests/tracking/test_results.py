import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name, _validate_param_name

from automl_on_ray.tracking import provenance
from automl_on_ray.tracking._results import mlflow_name, numbers, params


@given(st.text(min_size=1, max_size=300))
def test_any_key_becomes_one_that_mlflow_takes(key):
    _validate_metric_name(mlflow_name(key))
    _validate_param_name(mlflow_name(key))


def test_numbers_are_kept_and_tunes_own_are_not():
    result = {
        "accuracy": np.float32(0.5),
        "loss": math.nan,
        "inner": {"steps": 3},
        "flag": True,
        "name": "text",
        "pid": 7,
        "time_total_s": 1.0,
        "config": {"lr": 0.1},
        "training_iteration": 4,
    }
    found = numbers(result)
    assert set(found) == {"accuracy", "loss", "inner/steps"}
    assert math.isnan(found["loss"])
    assert numbers(result, ("accuracy",)) == {"accuracy": 0.5}


def test_params_are_flat_text_within_mlflows_limit():
    found = params({"optimizer": {"lr": 0.1}, "cells": list(range(5000)), "none": None})
    assert found["optimizer/lr"] == "0.1"
    assert found["none"] == "None"
    assert len(found["cells"]) == 6000


def test_provenance_names_exact_versions_and_the_commit_of_this_code():
    from importlib import metadata

    found = provenance.tags("python x.py")
    assert found["version.ray"] == metadata.version("ray")
    assert found["version.ax-platform"] == metadata.version("ax-platform")
    assert found["automl.command"] == "python x.py"
    head = provenance.commit()
    assert head is None or len(head.removesuffix("-dirty")) == 40
