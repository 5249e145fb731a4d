"""A user's mistake: one line, exit code 2, nothing started, nothing overwritten."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import ray
import typer
from PIL import Image
from typer.testing import CliRunner

from automl_on_ray.workflows.hpo import hpo

app = typer.Typer()
app.command()(hpo)

DIGITS = ["--dataset", "digits"]
SPACE_FILE = """
from ray import tune
from automl_on_ray.search_spaces.domains.search_space import Condition, SearchSpace
SPACE = SearchSpace("mine", training={training}, {rest})
"""


def run(arguments, folder):
    return CliRunner().invoke(app, ["--storage", str(folder / "runs"), *map(str, arguments)])


def own_space(folder, training, rest="", module=None):
    module = module or f"space_{abs(hash((training, rest, str(folder))))}"
    (folder / f"{module}.py").write_text(SPACE_FILE.format(training=training, rest=rest))
    return ["--space", f"{module}:SPACE"]


def truncated_npz(folder):
    rng = np.random.default_rng(0)
    path = folder / "images.npz"
    images = rng.integers(0, 255, (60, 8, 8), dtype=np.uint8)
    np.savez(path, x_train=images, y_train=np.arange(60) % 3)
    os.truncate(path, path.stat().st_size // 2)
    return path


def npz_with_label(label):
    def make(folder):
        labels = np.arange(60) % 3
        labels[7] = label
        images = np.zeros((60, 8, 8), np.uint8)
        np.savez(folder / "labels.npz", x_train=images, y_train=labels)
        return folder / "labels.npz"

    return make


def schedule_with(entries):
    def make(folder):
        (folder / "schedule.json").write_text(json.dumps(entries))
        return [*DIGITS, "--replay", folder / "schedule.json"]

    return make


def folder_with_empty_class(folder):
    for name in ("cat", "dog"):
        (folder / "images" / name).mkdir(parents=True)
    Image.new("L", (8, 8)).save(folder / "images" / "cat" / "1.png")
    return folder / "images"


def wrong_mnist(folder):
    raw = folder / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 60000), ("t10k", 10000)):
        head = (0x803).to_bytes(4, "big") + count.to_bytes(4, "big") + (28).to_bytes(4, "big") * 2
        (raw / f"{part}-images-idx3-ubyte").write_bytes(head + bytes(count * 784))
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(
            (0x801).to_bytes(4, "big") + count.to_bytes(4, "big") + bytes(count)
        )
    return folder / "data"


def foreign_config(folder):
    path = folder / "first.json"
    path.write_text(json.dumps([{"learning_rate": 1e-3, "cells": 4}]))
    return path


def results_for_sobol(folder):
    config = {"learning_rate": 1e-3, "weight_decay": 1e-3, "batch_size": 64}
    path = folder / "known.json"
    path.write_text(json.dumps([{"config": config, "metrics": {"val_accuracy": 0.9}}]))
    return [*CLASSIC, "--searcher", "sobol", "--known", path]


def other_tables_results(folder):
    (folder / "known.csv").write_text("params_depth,value\n3,0.9\n4,0.8\n")
    return [*CLASSIC, "--known", folder / "known.csv"]


def nested_for_ever(folder):
    (folder / "deep.json").write_text("[" * 100_000)
    return folder / "deep.json"


def out_of_range(folder):
    path = folder / "first.json"
    path.write_text(json.dumps([{"learning_rate": 5.0, "weight_decay": 1e-3, "batch_size": 64}]))
    return path


X = "{'x': tune.uniform(0, 1)}"
CLASSIC = [*DIGITS, "--space", "mnist-cnn-classic"]
MISTAKES = {
    "unknown data set": (["--dataset", "mnst"], "mnist"),
    "unknown space": ([*DIGITS, "--space", "mnist-cn"], "mnist-cnn"),
    "unknown space of one's own": ([*DIGITS, "--space", "nowhere:SPACE"], "nowhere"),
    "unknown searcher": ([*DIGITS, "--searcher", "bayes"], "bayesian"),
    "unknown scheduler": ([*DIGITS, "--scheduler", "ahsa"], "asha"),
    "unknown study to start from": ([*DIGITS, "--warm-start", "mnst"], "no study 'mnst'"),
    "results known to a searcher that learns nothing from them": (
        results_for_sobol, "takes no --known (or --warm-start); use --searcher"),
    "a table of results of another space": (
        other_tables_results, "no column for any parameter of space 'mnist-cnn-classic'"),
    "unknown metric": ([*DIGITS, "--objective", "acuracy"], "val_accuracy"),
    "unreadable objective": ([*DIGITS, "--objective", "a, -"], "names separated by commas"),
    "unknown trainable": ([*DIGITS, "--trainable", "nowhere:T"], "nowhere"),
    "missing data file": (["--dataset", "./none.npz"], "none.npz"),
    "truncated data file": (lambda f: ["--dataset", truncated_npz(f)], "images.npz"),
    "wrong checksum": (lambda f: ["--data-dir", wrong_mnist(f)], "SHA-256"),
    "missing data folder": (["--data-dir", "nowhere"], "does not exist"),
    "credentials in the URI of data": (
        ["--dataset", "s3://KEY:SECRET@data/mine.npz"], "must not hold credentials"),
    "credentials in the URI of a data folder": (
        ["--data-dir", "s3://KEY:SECRET@data"], "must not hold credentials"),
    "credentials in the URI of a folder that the data do not need": (
        [*DIGITS, "--data-dir", "s3://KEY:SECRET@data"], "must not hold credentials"),
    "a URI that is no bucket's": (["--dataset", "ftp://a/b.npz"], "give a path, s3:// or gs://"),
    "empty class folder": (lambda f: ["--dataset", folder_with_empty_class(f)], "dog"),
    "label below zero": (lambda f: ["--dataset", npz_with_label(-1)(f)], "label"),
    "label out of range": (lambda f: ["--dataset", npz_with_label(9)(f)], "label"),
    "bounds reversed": (
        lambda f: [*DIGITS, *own_space(f, "{'x': tune.uniform(2, 1)}")], "bounds reversed"),
    "log scale with zero": (
        lambda f: [*DIGITS, *own_space(f, "{'x': tune.loguniform(0, 1)}")], "greater than 0"),
    "constraint on an unknown parameter": (
        lambda f: [*DIGITS, *own_space(f, X, "constraints=('x + y<=1',)")],
        "unknown parameter 'y'"),
    "constraint that is not linear": (
        lambda f: [*DIGITS, *own_space(f, X, "constraints=('x*x <= 1',)")],
        "not linear"),
    "condition on an unknown parameter": (
        lambda f: [*DIGITS, *own_space(
            f, X, "conditions={'x': Condition('y', (1,))}")],
        "unknown parameter 'y'"),
    "a grid search": (
        lambda f: [*DIGITS, *own_space(f, "{'x': tune.grid_search([1, 2])}")],
        "grid_search of 'x'"),
    "domains within a choice": (
        lambda f: [*DIGITS, *own_space(f, "{'x': tune.choice([{'k': tune.randint(1, 5)}])}")],
        "holds domains"),
    "conditions in a circle": (
        lambda f: [*DIGITS, *own_space(
            f, "{'x': tune.choice([1]), 'y': tune.choice([1])}",
            "conditions={'x': Condition('y', (1,)), 'y': Condition('x', (1,))}")],
        "circle, 'x' on 'y' on 'x'"),
    "a constraint that nothing meets": (
        lambda f: [*DIGITS, *own_space(f, X, "constraints=('x <= -1',)")], "nothing meets"),
    "a space of constants": (
        lambda f: [*DIGITS, *own_space(f, "{'x': 1}")], "varies nothing"),
    "GPUs that are no number": ([*DIGITS, "--gpus-per-trial", "some"], "or auto, but got some"),
    "more GPUs than exist": ([*DIGITS, "--gpus-per-trial", 99], "99"),
    "more CPUs than exist": ([*DIGITS, "--cpus-per-trial", 9999], "9999"),
    "no workers": ([*DIGITS, "--train-workers", 0], "--train-workers must be from 1"),
    "workers of a trainable that cannot share out its batches": (
        ["--trainable", "tests.helpers.crashing:Steady", "--objective", "score",
         "--space", "tests.helpers.crashing:SPACE", "--train-workers", 2], "Steady is none"),
    "no trials": ([*DIGITS, "--trials", 0], "--trials must be from 1"),
    "no epochs": ([*DIGITS, "--epochs", 0], "--epochs must be from 1"),
    "storage that is a file": (
        lambda f: [((f / "runs").write_text("") and []) or "--dataset", "digits"], "runs"),
    "tracking server that is away": (
        [*DIGITS, "--tracking-uri", "http://127.0.0.1:9"], "does not answer"),
    "a server's password": ([*DIGITS, "--tracking-uri", "http://me:secret@127.0.0.1:9"],
        "must not hold credentials"),
    "a store that is none": ([*DIGITS, "--tracking-uri", "ftp://x"], "neither a server"),
    "a config from another study": (
        lambda f: [*CLASSIC, "--try-first", foreign_config(f)], "'cells'"),
    "a config out of range": (
        lambda f: [*CLASSIC, "--try-first", out_of_range(f)], "learning_rate=5.0"),
    "points that are not there": ([*CLASSIC, "--try-first", "none.json"], "none.json"),
    "a pair that Ray refuses": ([*DIGITS, "--scheduler", "pb2"], "--searcher sobol"),
    "an explorer without a population": ([*DIGITS, "--explore", "ax"], "is for --scheduler pbt"),
    "an unknown explorer": ([*DIGITS, "--scheduler", "pbt", "--explore", "axe"], "axe"),
    "a population of one": (
        [*DIGITS, "--scheduler", "pbt", "--population", 1], "--population must be from 2"),
    "a population under a scheduler without one": (
        [*DIGITS, "--population", 4], "--population is for --scheduler pbt"),
    "more at once than in all": (
        [*DIGITS, "--scheduler", "pbt", "--trials", 4, "--population", 8], "than the 4 trials"),
    "an interval as long as a trial": (
        [*DIGITS, "--scheduler", "pbt", "--epochs", 4, "--interval", 4], "leaves nothing to change"
    ),
    "an interval as long as a trial of Ray's": (
        [*DIGITS, "--scheduler", "pb2", "--searcher", "random", "--epochs", 4, "--interval", 4],
        "leaves nothing to change"),
    "a schedule that is none": (schedule_with([{"start": 0}]), "each entry must be"),
    "a schedule without an end": (
        schedule_with([{"start": 0, "end": float("inf"), "config": {}}]), "each entry must be"),
    "a schedule without a config": (
        schedule_with([{"start": 0, "end": 2, "config": None}]), "each entry must be"),
    "a schedule with a gap": (
        schedule_with([{"start": 1, "end": 2, "config": {}}]), "follow one another"
    ),
    "a schedule of another space": (
        schedule_with([{"start": 0, "end": 2, "config": {"rate": 1}}]), "does not know"
    ),
    "UCB for several objectives": (
        [*DIGITS, "--objective", "accuracy, -parameters", "--acquisition", "ucb"], "'ucb'"),
    "unknown acquisition function": ([*DIGITS, "--acquisition", "ei2"], "qlogei"),
    "beta without UCB": ([*DIGITS, "--beta", 2], "ucb"),
    "acquisition for random search": (
        [*DIGITS, "--searcher", "random", "--acquisition", "ucb"], "--searcher bayesian"),
    "outcome constraint unreadable": (
        [*DIGITS, "--outcome-constraint", "parameters < many"], "cannot be read"),
    "an outcome constraint without an end": (
        [*DIGITS, "--outcome-constraint", "parameters <= nan"], "cannot be read"),
    "an outcome constraint on what is not reported": (
        [*DIGITS, "--outcome-constraint", "accuracy >= 0.9"], "Unknown metric 'accuracy'"),
    "configs that are nested for ever": (
        lambda f: [*CLASSIC, "--try-first", nested_for_ever(f)], "is not JSON"),
    "cost without a price": ([*DIGITS, "--cost", 1], "--price-per-hour"),
    "a name with a slash": ([*DIGITS, "--name", "a/b"], "must not contain '/'"),
    "a study without a name": ([*DIGITS, "--name", ""], "--name '' must be a name"),
    "a study called like MLflow's database": ([*DIGITS, "--name", "mlflow.db"], "is taken for"),
    "an experiment without a name": ([*DIGITS, "--experiment", ""], "--experiment '' must be"),
    "an experiment of 600 letters": ([*DIGITS, "--experiment", "x" * 600], "200 letters are"),
    "a model that MLflow refuses": ([*DIGITS, "--register", "a/b"], "must not contain '/'"),
    "a storage without a name": ([*DIGITS, "--storage", ""], "--storage '' is no folder"),
    "a storage on another host": (
        [*DIGITS, "--storage", "file://host/x"], "file://host/x is on another host"),
    "a subset larger than the data": ([*DIGITS, "--subset", 10**6], "subset"),
    "images too small for a network": (
        lambda f: ["--dataset", tiny_images(f)], "too small"),
}  # fmt: skip


def tiny_images(folder):
    images = np.random.default_rng(0).integers(0, 255, (60, 2, 2), dtype=np.uint8)
    np.savez(folder / "tiny.npz", x_train=images, y_train=np.arange(60) % 3)
    return folder / "tiny.npz"


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_one_line_before_anything_is_started(mistake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOML_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))
    started, imported = ray.is_initialized(), "ax" in sys.modules
    arguments, said = MISTAKES[mistake]
    arguments = arguments(tmp_path) if callable(arguments) else arguments
    result = run(arguments, tmp_path)
    assert result.exit_code == 2, (result.output, result.exception)
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("Error: ")
    assert said in lines[0]
    assert "SECRET" not in result.output
    assert not list(Path(tmp_path).glob("runs/*/study.json"))
    assert ray.is_initialized() == started
    assert ("ax" in sys.modules) == imported
