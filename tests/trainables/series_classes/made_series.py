"""Series of classes that differ in shape, and files of them. Everything follows from the seed."""

import numpy as np


def waves(count=40, length=60, channels=1, *, classes=2, seed=0, unequal=False):
    """(series, labels): class k is a wave that is k + 1 times as fast; each (channels, length)."""
    rng = np.random.default_rng(seed)
    series, labels = [], []
    for number in range(count):
        kind = number % classes
        points = length - (int(rng.integers(0, length // 3)) if unequal else 0)
        at = np.arange(points) / length
        start = rng.uniform(0, 2 * np.pi, (channels, 1))
        wave = np.sin(2 * np.pi * 3 * (kind + 1) * at + start)
        series.append(wave + 0.1 * rng.standard_normal((channels, points)))
        labels.append("abcdef"[kind])
    return series, labels


def as_ts(series, labels):
    lines = ["@problemName waves", f"@classLabel true {' '.join(sorted(set(labels)))}", "@data"]
    for one, label in zip(series, labels, strict=True):
        channels = [",".join("?" if np.isnan(v) else f"{v:.6f}" for v in row) for row in one]
        lines.append(":".join([*channels, label]))
    return "\n".join(lines) + "\n"


def write_ts(folder, name="waves", **asked):
    """NAME_TRAIN.ts and NAME_TEST.ts; the path of the former."""
    for part, seed in (("TRAIN", 0), ("TEST", 1)):
        text = as_ts(*waves(**{"seed": seed, **asked}))
        (folder / f"{name}_{part}.ts").write_text(text)
    return folder / f"{name}_TRAIN.ts"
