import math
from decimal import Decimal

import numpy as np
import torch
from hypothesis import given, strategies as st
from mlflow.utils.validation import _validate_metric_name, _validate_param_name

from automl_on_ray.tracking import provenance
from automl_on_ray.tracking.mlflow_names import mlflow_name, numbers, params


@given(st.text(min_size=1, max_size=300))
def test_any_key_becomes_one_that_mlflow_takes(key):
    _validate_metric_name(mlflow_name(key))
    _validate_param_name(mlflow_name(key))


@given(st.text(max_size=300), st.text(max_size=300))
def test_two_keys_never_become_one(first, second):
    assert (mlflow_name(first) == mlflow_name(second)) == (first == second)


def test_a_key_of_mlflows_alphabet_stays_as_it_is_and_others_can_be_recognised():
    for key in ("val/score", "top-1", "val loss", "a.b:c", "κ", "1-f1"):
        assert mlflow_name(key) == key
    keys = ["map@50", "map_50", "map#50", "metrics/mAP50-95(B)", "x" * 250, "x" * 251, "x" * 252]
    names = [mlflow_name(key) for key in keys]
    assert len(set(names)) == len(keys)
    assert names[0].startswith("map_50-")
    assert names[3].startswith("metrics/mAP50-95_B_-")


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
    assert numbers(result, (), always=("time_total_s",)) == {"time_total_s": 1.0}


def test_names_of_metrics_stay_as_reported_until_mlflow_is_told():
    report = {"map@50": torch.tensor(0.5), "map_50": np.array([0.25]), "val": {"a b": Decimal(1)}}
    assert numbers(report) == {"map@50": 0.5, "map_50": 0.25, "val/a b": 1.0}


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
