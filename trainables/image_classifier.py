"""Train the network that a config stands for on images; one step is one epoch."""

import math
import time
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from search_spaces._errors import UserError
from search_spaces._space import Config, ImageShape, SearchSpace
from trainables._augmentation import Augmentation, batches
from trainables._optimisation import DEFAULTS, optimizer, rate_factor
from trainables._torch_trainable import TorchTrainable
from trainables.datasets._dataset import Images, load_dataset

EVALUATION_BATCH = 1000


class ImageClassifier(TorchTrainable):
    """A trial of image classification: what the config chose, on the data set a human chose.

    Sees train and validation. With `final` it learns from both, and is tested once, in its last
    epoch; `config["seed"]` then tells the repeats apart. The learning-rate schedule spans `epochs`.
    Raises FloatingPointError when the loss is no longer finite: the trial has failed, and its
    searcher learns that this region does.
    """

    METRICS: ClassVar[dict[str, str]] = {
        "val_accuracy": "max",
        "val_loss": "min",
        "train_loss": "min",
        "parameters": "min",
        "flops": "min",
        "epoch_seconds": "min",
        "images_per_second": "max",
    }

    def setup(
        self,
        config: Config,
        *,
        space: SearchSpace,
        dataset: str = "mnist",
        data_dir: str | None = None,
        epochs: int = 4,
        seed: int = 0,
        subset: int | None = None,
        final: bool = False,
    ) -> None:
        """UserError if the config is no member of `space` or the data cannot be had."""
        if space.build is None:
            raise UserError(f"Space {space.name!r} builds no network, which images need.")
        member = {key: value for key, value in config.items() if key != "seed"}
        member = space.active({k: v for k, v in member.items() if v is not None})
        self.begin(config.get("seed", seed))
        self.data = load_dataset(
            dataset, data_dir=Path(data_dir) if data_dir else None, seed=seed, size=subset
        )
        self.train_split = (self.data.joined() if final else self.data.train).to(self.device)
        self.chosen: Config = {**DEFAULTS, **member}
        self.epochs, self.final, self.epoch = epochs, final, 0
        shape, classes = self.data.image_shape, len(self.data.classes)
        self.network = space.build(member, shape, classes).to(
            self.device, memory_format=torch.channels_last
        )
        self.optimizer = optimizer(self.network, self.chosen)
        self.counts = count(self.network, shape)
        self.augmentation = Augmentation.scaled(self.chosen["augmentation"], side=min(shape[1:]))

    def step(self) -> dict[str, float]:
        """One epoch; metrics as in METRICS, or train's and in the last epoch test's if final."""
        began = time.perf_counter()
        loss = self._train_epoch()
        seconds = time.perf_counter() - began
        self.epoch += 1
        metrics = {
            "train_loss": loss,
            "epoch_seconds": seconds,
            "images_per_second": len(self.train_split) / seconds,
            **self.counts,
        }
        last = self.epoch >= self.epochs
        if not self.final:
            metrics |= self._evaluate(self.data.validation, "val")
        elif last:
            metrics |= self._evaluate(self.data.test, "test")
        return {**metrics, "done": last}

    def state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Weights, moments and epoch as saved; hyperparameters stay those of the trial's config."""
        self.network.load_state_dict(state["network"])
        mine = [
            {key: value for key, value in group.items() if key != "params"}
            for group in self.optimizer.param_groups
        ]
        self.optimizer.load_state_dict(state["optimizer"])
        # After PBT's exploit the state is a donor's, but the learning rate is the explored one.
        for group, hyperparameters in zip(self.optimizer.param_groups, mine, strict=True):
            group.update(hyperparameters)
        self.epoch = state["epoch"]

    def _train_epoch(self) -> float:
        """The mean loss. The learning rate follows the schedule at every batch."""
        self.network.train()
        size = self.chosen["batch_size"]
        steps = math.ceil(len(self.train_split) / size)
        total = torch.zeros((), device=self.device)
        for index, (images, labels) in enumerate(self._batches(self.train_split, size)):
            progress = (self.epoch + index / steps) / self.epochs
            rate = self.chosen["learning_rate"] * rate_factor(self.chosen["schedule"], progress)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            loss = F.cross_entropy(
                self._logits(images), labels, label_smoothing=self.chosen["label_smoothing"]
            )
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(labels)
        mean = float(total) / len(self.train_split)
        if not math.isfinite(mean):
            raise FloatingPointError(f"The loss is {mean} in epoch {self.epoch + 1}.")
        return mean

    def _batches(self, split: Images, size: int) -> Any:
        return batches(
            split,
            batch_size=size,
            generator=self.generator,
            mean=self.data.mean,
            std=self.data.std,
            augmentation=self.augmentation,
        )

    def _logits(self, images: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=has_bfloat16(self.device)):
            return self.network(images).float()

    @torch.inference_mode()
    def _evaluate(self, split: Images, prefix: str) -> dict[str, float]:
        self.network.eval()
        split = split.to(self.device)
        loss = torch.zeros((), device=self.device)
        correct = torch.zeros((), device=self.device, dtype=torch.int64)
        for images, labels in batches(
            split, batch_size=EVALUATION_BATCH, generator=self.generator,
            mean=self.data.mean, std=self.data.std, shuffle=False,
        ):  # fmt: skip
            logits = self._logits(images)
            loss += F.cross_entropy(logits, labels, reduction="sum")
            correct += (logits.argmax(1) == labels).sum()
        return {
            f"{prefix}_loss": float(loss) / len(split),
            f"{prefix}_accuracy": int(correct) / len(split),
        }


def count(network: nn.Module, image_shape: ImageShape) -> dict[str, float]:
    """Trainable parameters, and FLOPs of one image's forward pass (an addition counts as one)."""
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, *image_shape, device=device))
    network.train(was_training)
    parameters = sum(p.numel() for p in network.parameters() if p.requires_grad)
    return {"parameters": parameters, "flops": counter.get_total_flops()}


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 by itself, and so faster."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()


def load_network(
    checkpoint: Path, config: Config, space: SearchSpace, image_shape: ImageShape, classes: int
) -> nn.Module:
    """The trained network of a trial's checkpoint folder, on the CPU, ready to predict."""
    if space.build is None:
        raise UserError(f"Space {space.name!r} builds no network.")
    member = space.active({k: v for k, v in config.items() if v is not None and k != "seed"})
    network = space.build(member, image_shape, classes)
    state = torch.load(checkpoint / "state.pt", map_location="cpu", weights_only=True)
    network.load_state_dict(state["own"]["network"])
    return network.eval()
