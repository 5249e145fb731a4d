"""What only a GPU can show, as functions of a setting: each returns figures for a JSON file.

A device of "cpu" and small sizes run the same lines where there is no GPU.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import ray
import torch
from ray import tune

from automl_on_ray.clusters import assign_resources, measured_share
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.cells import operation_set
from automl_on_ray.search_spaces.mnist_cnn import SPACE as NETWORKS
from automl_on_ray.trainables import TorchTrainable
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.differentiable_search import step_bytes
from automl_on_ray.trainables.differentiable_search.memory_forecast import Live
from automl_on_ray.trainables.image_classifier import ImageClassifier
from automl_on_ray.trainables.multi_process import by_hand
from benchmarks.supernets.supernet_step import measure, step_of

ROOT = Path(__file__).parents[2]
COMPILING = 60.0  # seconds that a supernet's step may take to compile
ORDERS = {"first": "first_order", "second": "unrolled"}
FORMS: dict[str, dict[str, Any]] = {"plain": {}, "recompute": {"recompute": True}}
PEAKS = (("first", "float32"), ("second", "float32"), ("first", "as it is"))
STEPS = ("usual", "usual, channels-last", "usual with bfloat16", "ours", "with bfloat16")

Figures = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """Where, and how large."""

    device: str
    data: str  # a .npz file of `write_data`
    side: int  # of its images, in pixels
    operations: str  # of supernets, as --operations has them
    batch_size: int
    channels: int
    layers: int
    steps: int  # of which the fastest counts
    width: int  # of the widest network

    @property
    def supernet(self) -> dict[str, int]:
        return {"channels": self.channels, "layers": self.layers}

    @property
    def networks(self) -> SearchSpace:
        return replace(
            NETWORKS,
            architecture={
                "depth": 3, "width": tune.choice([self.width // 4, self.width]), "kernel_size": 3,
                "activation": "relu", "normalisation": "batch", "dropout": 0.2,
            },
            training={
                "optimizer": "sgd", "learning_rate": 0.05, "weight_decay": 1e-4, "momentum": 0.9,
                "nesterov": True, "batch_size": self.batch_size, "schedule": "one_cycle",
                "label_smoothing": 0.1, "augmentation": 0.5,
            },
            conditions={},
        )  # fmt: skip

    @property
    def supernets(self) -> SearchSpace:
        return SearchSpace(
            "gpu-check",
            architecture={"partial": 1, "edge_weights": False},
            training={
                "relaxation": "softmax", "hypergradient": tune.choice(list(ORDERS.values())),
                "learning_rate": 0.025, "weight_decay": 3e-4, "alpha_learning_rate": 0.01,
                "alpha_weight_decay": 1e-3, "batch_size": self.batch_size, "warm_up": 0.0,
            },
        )  # fmt: skip


def write_data(path: Path, *, images: int, side: int) -> None:
    """Noise in ten classes that a network can tell apart: by which part is bright."""
    random = np.random.default_rng(0)
    labels = np.arange(images, dtype=np.int64) % 10
    pixels = random.integers(0, 128, (images, side, side, 3), dtype=np.uint8)
    for label in range(10):
        pixels[labels == label, label * side // 10 : (label + 1) * side // 10 + 1] += 127
    np.savez(path, images=pixels, labels=labels)


def classifier_goes_on(setting: Setting) -> Figures:
    """An image classifier that is restored after an epoch, against one that is never stopped."""
    return _goes_on(lambda: _classifier(setting, epochs=4))


def supernet_goes_on(setting: Setting) -> Figures:
    """The same of supernets, whose eigenvalue is measured too, by order."""
    return {
        order: _goes_on(lambda order=order: _supernet(setting, order, epochs=2, eigenvalue_every=2))  # type: ignore[misc]
        for order in ORDERS
    }


def classifier_epochs(setting: Setting) -> Figures:
    """Seconds of the fastest epoch as it is, in float32, and contiguous."""
    found = {}
    for name in ("as it is", "float32", "contiguous"):
        trial = _classifier(setting, epochs=4)
        if name == "float32":
            _in_float32(trial)
        elif name == "contiguous":
            trial.network.to(memory_format=torch.contiguous_format)
        found[name] = _fastest_epoch(trial)
    return found


def compiled_classifier(setting: Setting) -> Figures:
    """The same of a compiled network; "first" is the epoch that compiles it."""
    trial = _classifier(setting, epochs=4)
    trial.network.compile()
    return _fastest_epoch(trial)


def trials_that_share(setting: Setting) -> Figures:
    """Four trials at once on what `--gpus-per-trial auto` measures, and one alone."""
    keywords = {"space": setting.networks, "dataset": setting.data, "epochs": 3}
    cpus = max(2, min(8, os.cpu_count() or 1))
    own = contextlib.nullcontext() if ray.is_initialized() else ray.init(
        address="local", num_cpus=cpus, num_gpus=int(setting.device == "cuda"),
        include_dashboard=False, log_to_driver=False,
    )  # fmt: skip
    with own:
        started = time.perf_counter()
        share = measured_share(ImageClassifier, keywords, setting.networks, cpus=1.0)
        measuring = time.perf_counter() - started
        resources = assign_resources(slots=4, cpus=1.0, gpus=share)
        together, alone = (
            _epochs_of_trials(setting, keywords, resources.per_trial, count)
            for count in (resources.slots, 1)
        )
    return {
        "share": share, "measuring_seconds": measuring, "at_once": resources.slots,
        "epoch_seconds": together, "alone": alone[0],
    }  # fmt: skip


def memory_forecast(setting: Setting) -> Figures:
    """MB that are forecast for a search step, and what one takes at its peak."""
    found = {}
    for name, given in FORMS.items():
        forecast = step_bytes(
            (3, setting.side, setting.side), 10, operations=operation_set(setting.operations).names,
            stem_stride=1, batch_size=setting.batch_size, **setting.supernet, **given,
        )  # fmt: skip
        found[name] = {"forecast": forecast / 2**20}
        for order, kind in PEAKS:
            trial = _supernet(setting, order, subset=4 * setting.batch_size, **given)
            if kind == "float32":
                _in_float32(trial)
            found[name][f"{order}, {kind}"] = _peak_of_training(trial) / 2**20
    return found


def supernet_steps(setting: Setting) -> Figures:
    """Seconds and MB of a search step in the usual form and in ours, by order."""
    return {
        order: {
            variant: measure(
                variant, order, batch_size=setting.batch_size, steps=setting.steps,
                device=setting.device, size=setting.supernet,
            )
            for variant in STEPS
        }
        for order in ORDERS
    }  # fmt: skip


def supernet_epochs(setting: Setting) -> Figures:
    """Seconds of an epoch of search in the usual form and in ours, on the same batches."""
    found = {}
    for order in ORDERS:
        trial = _supernet(setting, order, epochs=2)
        step = step_of("usual with bfloat16", order, device=setting.device, size=setting.supernet)

        def usual(step: Any = step, trial: DartsSupernet = trial) -> None:
            halves = [trial._batches(half) for half in trial._halves]
            for training, validation in zip(*halves, strict=False):
                step(training, validation)

        found[order] = {
            name: min(_seconds(epoch) for _ in range(min(2, setting.steps)))
            for name, epoch in (("usual", usual), ("ours", trial._train_epoch))
        }
    return found


def compiled_supernet(setting: Setting) -> Figures:
    """A step of a small supernet that is compiled, in a process of its own, or what it said."""
    command = [
        sys.executable, "-m", "benchmarks.supernets.supernet_step", "--order", "first",
        "--variant", "with torch.compile", "--device", setting.device, "--layers", "3",
        "--steps", str(setting.steps), "--batch-size", str(setting.batch_size),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=COMPILING, check=False
        )
    except subprocess.TimeoutExpired:
        return {"said": f"not compiled within {COMPILING:.0f} s"}
    if done.returncode:
        return {"said": (done.stderr.strip().splitlines() or ["nothing"])[-1]}
    return dict(json.loads(done.stdout))


CHECKS: tuple[Callable[[Setting], Figures], ...] = (
    classifier_goes_on, supernet_goes_on, trials_that_share, memory_forecast, supernet_steps,
    supernet_epochs, classifier_epochs, compiled_classifier, compiled_supernet,
)  # fmt: skip


def _classifier(setting: Setting, *, epochs: int) -> ImageClassifier:
    space = setting.networks
    klass: Any = by_hand(
        ImageClassifier, {"space": space, "dataset": setting.data, "epochs": epochs},
        _resources(setting),
    )  # fmt: skip
    return klass(config={**space.constants, "width": setting.width})


def _supernet(setting: Setting, order: str, **given: Any) -> DartsSupernet:
    space = setting.supernets
    keywords = {
        "space": space, "dataset": setting.data, "epochs": 1, "remedy": "warn",
        "operations": setting.operations, **setting.supernet, **given,
    }  # fmt: skip
    klass: Any = by_hand(DartsSupernet, keywords, _resources(setting))
    return klass(config={**space.constants, "hypergradient": ORDERS[order]})


def _resources(setting: Setting) -> dict[str, float]:
    return {"CPU": 1.0, "GPU": float(setting.device == "cuda")}


def _in_float32(trial: TorchTrainable) -> None:
    trial.precision = contextlib.nullcontext  # type: ignore[method-assign]


def _goes_on(make: Callable[[], Any]) -> Figures:
    """Differences of the last validation loss, since a GPU sums in any order."""
    unstopped, report = _finished(make())
    other = _finished(make())[1]
    first, restored = make(), make()
    first.step()
    with tempfile.TemporaryDirectory() as folder:
        first.save_checkpoint(folder)
        restored.load_checkpoint(folder)
    restored, resumed = _finished(restored)
    streams, again = (trial.state()["streams"] for trial in (unstopped, restored))
    with unstopped.precision():
        ones = torch.ones(2, 2, device=unstopped.device)
        product = (ones @ ones).dtype
    return {
        "device": unstopped.device.type, "precision": str(product).removeprefix("torch."),
        "val_loss": report["val_loss"], "val_accuracy": report["val_accuracy"],
        "epoch_seconds": report["epoch_seconds"],
        "between_two_runs": abs(report["val_loss"] - other["val_loss"]),
        "after_restoring": abs(report["val_loss"] - resumed["val_loss"]),
        "streams_are_equal": streams.keys() == again.keys()
        and all(torch.equal(stream, again[name]) for name, stream in streams.items()),
    }  # fmt: skip


def _finished(trial: Any) -> tuple[Any, Figures]:
    """It, and what its last epoch reports."""
    result: Figures = {}
    while trial.epoch < trial.epochs:
        result = trial.step()
    return trial, result


def _fastest_epoch(trial: ImageClassifier) -> Figures:
    seconds = [trial.step()["epoch_seconds"] for _ in range(trial.epochs)]
    return {"seconds": min(seconds), "first": seconds[0]}


def _epochs_of_trials(
    setting: Setting, keywords: Figures, resources: tune.PlacementGroupFactory, count: int
) -> list[float]:
    """Seconds of the last epoch of each of so many equal trials; all that fit are run at once."""
    with tempfile.TemporaryDirectory() as folder:
        results = tune.Tuner(
            tune.with_resources(tune.with_parameters(ImageClassifier, **keywords), resources),
            param_space={**setting.networks.constants, "width": setting.width},
            tune_config=tune.TuneConfig(num_samples=count),
            run_config=tune.RunConfig(name=f"{count}", storage_path=folder, verbose=0),
        ).fit()
    return [result.metrics["epoch_seconds"] for result in results]


def _peak_of_training(trial: DartsSupernet) -> int:
    """Bytes, weights and all, in two epochs: momentum is there from the first step's end on."""
    weights = sum(w.numel() * w.element_size() for w in trial.network.parameters())
    if trial.device.type == "cpu":  # its tensors are counted one by one
        with Live() as live:
            trial._train_epoch(), trial._train_epoch()
        return live.peak + weights
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    trial._train_epoch(), trial._train_epoch()
    return torch.cuda.max_memory_allocated() - before + weights


def _seconds(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started
