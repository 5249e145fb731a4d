"""What every PyTorch trainable does alike: device, threads, random streams, whole checkpoints."""

import os
from pathlib import Path
from typing import Any

import torch
from ray import tune

CHECKPOINT = "state.pt"


class TorchTrainable(tune.Trainable):
    """A trial that ends bit-equal on the CPU whether it was stopped and restored or not.

    Subclasses keep all that they change between steps in what `state()` returns and `set_state()`
    takes. Randomness comes from `self.generator` (on the CPU) and from torch's global streams
    (dropout), all of which are seeded by `begin` and saved.
    """

    generator: torch.Generator
    device: torch.device

    def begin(self, seed: int) -> None:
        """Seed the random streams and give torch the trial's own CPUs; call it first in `setup`."""
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.set_num_threads(self._cpus())
        torch.manual_seed(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def state(self) -> dict[str, Any]:
        """Tensors, numbers, strings and containers of these: what `torch.load` trusts."""
        raise NotImplementedError

    def set_state(self, state: dict[str, Any]) -> None:
        raise NotImplementedError

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        state = {
            "own": self.state(),
            "generator": self.generator.get_state(),
            "torch_rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
        }
        file = Path(checkpoint_dir) / CHECKPOINT
        partial = file.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, file)

    def load_checkpoint(self, checkpoint: str | dict[str, Any] | None) -> None:
        if not isinstance(checkpoint, str):
            raise TypeError(
                f"A checkpoint is a folder's path, but got {type(checkpoint).__name__}."
            )
        state = torch.load(
            Path(checkpoint) / CHECKPOINT, map_location=self.device, weights_only=True
        )
        self.set_state(state["own"])
        self.generator.set_state(state["generator"].cpu())
        torch.set_rng_state(state["torch_rng"].cpu())
        if state["cuda_rng"] and self.device.type == "cuda":
            torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda_rng"]])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another trial in this process: data and imports are kept.

        `setup` has its keywords from `tune.with_parameters`, which binds them.
        """
        self.setup(new_config)
        return True

    def _cpus(self) -> int:
        # Ray sets OMP_NUM_THREADS=1 in its workers whatever the trial was given.
        resources = self.trial_resources
        cpus = resources.required_resources.get("CPU", 1) if resources else 1
        return max(1, int(cpus))
