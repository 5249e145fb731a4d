"""Base of PyTorch trainables: device, threads, random streams, checkpoints of all of it."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from ray import tune
from torch import Tensor

from automl_on_ray.search_spaces.core import written_whole
from automl_on_ray.trainables._ray_internals import refuse_pickle
from automl_on_ray.trainables.multi_process import ALONE, World

STATE_FILE = "state.pt"


class DivergedError(RuntimeError):
    """The loss is no number any more. The trial fails; its searcher learns to keep away."""


class TorchTrainable(tune.Trainable):
    """A Tune trainable that is stopped and restored without a trace.

    A subclass calls `prepare(seed)` first in `setup` and in `reset_config`, does whatever is random
    inside `with self.randomness():` or with `self.generator`, and extends `state` and `load_state`
    by what it learns. Python's and numpy's random numbers are nobody's here.

    Several processes may train one trial (`multi_process`); each holds the whole trainable and
    knows its place in `world`. `setup`, `state` and the generator are the same on all of them.
    """

    world: World = ALONE

    device: torch.device
    generator: torch.Generator  # on the device: order of batches, augmentation
    _streams: dict[str, Tensor]  # torch's own streams of this trial: initial weights, dropout

    def prepare(self, seed: int) -> None:
        """Choose device and threads by what Ray gave this trial, and start all random streams."""
        given = self.trial_resources.required_resources if self.trial_resources else None
        # Ray sets OMP_NUM_THREADS=1; by hand, outside Tune, PyTorch's own choice stands.
        if given is not None:
            torch.set_num_threads(max(1, int(given.get("CPU", 1))))
        use_gpu = torch.cuda.is_available() and (given is None or given.get("GPU", 0) > 0)
        self.device = torch.device("cuda" if use_gpu else "cpu")
        self.generator = torch.Generator(self.device).manual_seed(seed)
        with torch.random.fork_rng(self._gpus):
            torch.manual_seed(seed)
            self._streams = self._read_streams()

    @contextmanager
    def randomness(self, *, by_rank: bool = False) -> Iterator[None]:
        """Within, torch draws from this trial's streams; the process's own are put back after.

        All ranks draw the same, such as initial weights; but `by_rank`, for dropout, each its own.
        """
        if by_rank and self.world.rank:
            with torch.random.fork_rng(self._gpus):
                torch.manual_seed(self._seed_of_rank())
                yield
            return
        with torch.random.fork_rng(self._gpus):
            torch.set_rng_state(self._streams["cpu"])
            if self._gpus and "cuda" in self._streams:
                torch.cuda.set_rng_state(self._streams["cuda"])
            try:
                yield
            finally:
                self._streams = self._read_streams()

    @contextmanager
    def precision(self) -> Iterator[None]:
        """Within, bfloat16 where the GPU has it; float32 elsewhere, so no loss needs scaling."""
        mixed = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=mixed):
            yield

    def state(self) -> dict[str, Any]:
        """All that a restored trial needs; tensors, numbers, text, lists and dicts of them only."""
        return {"streams": {"generator": self.generator.get_state(), **self._streams}}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state`, perhaps another trial's. A stream of another device starts anew."""
        streams = dict(state["streams"])
        generator = streams.pop("generator")
        if ("cuda" in streams) == bool(self._gpus):
            self.generator.set_state(generator)
        self._streams = streams

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Write `state()` to the folder, whole or not at all."""
        write_state(checkpoint_dir, lambda part: torch.save(self.state(), part))

    def load_checkpoint(self, checkpoint: Any) -> None:
        self.load_state(read_state(checkpoint))

    def restore(self, checkpoint_path: Any) -> None:
        refuse_pickle(checkpoint_path)
        super().restore(checkpoint_path)

    def _seed_of_rank(self) -> int:
        """Follows from the generator, which every epoch moves: so a checkpoint need not hold it."""
        state = self.generator.get_state().numpy().tobytes()
        digest = hashlib.blake2b(state + self.world.rank.to_bytes(4, "big"), digest_size=8)
        return int.from_bytes(digest.digest(), "big") >> 1

    @property
    def _gpus(self) -> list[int]:
        return [torch.cuda.current_device()] if self.device.type == "cuda" else []

    def _read_streams(self) -> dict[str, Tensor]:
        streams = {"cpu": torch.get_rng_state()}
        return {**streams, "cuda": torch.cuda.get_rng_state()} if self._gpus else streams


def write_state(folder: str | Path, write: Callable[[Path], object]) -> None:
    """Have `write` fill the folder's state file; it is there whole or not at all."""
    with written_whole(Path(folder) / STATE_FILE) as part:
        write(part)


def read_state(folder: str | Path) -> dict[str, Any]:
    """The state in a checkpoint folder, on the CPU. Nothing in the file can run code."""
    state = torch.load(Path(folder) / STATE_FILE, map_location="cpu", weights_only=True)
    return dict(state)
