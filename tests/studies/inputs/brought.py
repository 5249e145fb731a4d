"""What users bring in a module of their own."""

from ray import tune
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from automl_on_ray import CrossValidated

SPACE = {"C": tune.loguniform(1e-3, 10.0), "kind": {"solver": tune.choice(["lbfgs", "saga"])}}
NO_SPACE = ["C"]
IRIS = CrossValidated(LogisticRegression(), *load_iris(return_X_y=True), scorers=["accuracy"])


def train(config, epochs=3):
    for epoch in range(epochs):
        tune.report({"loss": config["C"] / (epoch + 1)})
