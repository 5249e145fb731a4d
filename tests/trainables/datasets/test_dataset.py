import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import load_asked, load_dataset


@pytest.fixture
def own(tmp_path):
    """An .npz with a test part of its own: 120 + 30 images, three classes."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (150, 3, 6, 6), dtype=np.uint8)
    labels = np.arange(150) % 3
    np.savez(
        tmp_path / "own.npz",
        x_train=images[:120],
        y_train=labels[:120],
        x_test=images[120:],
        y_test=labels[120:],
    )
    return str(tmp_path / "own.npz")


def rows(*splits):
    """Each image's bytes, sorted."""
    return sorted(bytes(image.numpy()) for split in splits for image in split.images)


def test_digits_are_split_into_stratified_parts_of_tensors():
    data = load_dataset("digits", seed=1)

    parts = (data.train, data.validation, data.test)
    assert sum(len(part) for part in parts) == 1797
    assert data.image_shape == (1, 8, 8)
    assert data.classes == tuple("0123456789")
    for part in parts:
        assert part.images.dtype == torch.uint8
        assert part.labels.dtype == torch.int64
        shares = part.labels.bincount(minlength=10) / len(part)
        assert ((shares - 0.1).abs() < 0.01).all()


def test_no_image_is_lost_or_in_two_parts(own):
    data = load_dataset(own)

    with np.load(own) as file:
        assert rows(data.train, data.validation) == sorted(bytes(x) for x in file["x_train"])
        assert rows(data.test) == sorted(bytes(x) for x in file["x_test"])
    assert len(data.validation) == 20


def test_images_keep_their_labels(own):
    data = load_dataset(own, seed=5)

    with np.load(own) as file:
        answers = {
            bytes(x): y
            for part in ("train", "test")
            for x, y in zip(file[f"x_{part}"], file[f"y_{part}"], strict=True)
        }
    for split in (data.train, data.validation, data.test):
        for image, label in zip(split.images, split.labels, strict=True):
            assert answers[bytes(image.numpy())] == label


def test_a_seed_decides_the_split_and_leaves_a_given_test_part_alone(own):
    first, second = load_dataset(own, seed=0), load_dataset(own, seed=1)

    assert rows(first.validation) != rows(second.validation)
    assert rows(first.test) == rows(second.test)
    assert first.digest == second.digest == load_dataset(own, validation=0.3, size=60).digest


def test_a_subset_is_stratified_and_leaves_the_test_part_whole(own):
    data = load_dataset(own, size=60)

    assert len(data.train) + len(data.validation) == 60
    assert data.joined().labels.bincount().tolist() == [20, 20, 20]
    assert len(data.test) == 30


def test_mean_and_deviation_are_those_of_train(own):
    data = load_dataset(own)

    pixels = data.train.images.double() / 255
    assert data.mean == pytest.approx(pixels.mean(dim=(0, 2, 3)).tolist())
    assert data.std == pytest.approx(pixels.std(dim=(0, 2, 3), correction=0).tolist())


def test_train_and_validation_joined_are_all_but_test(own):
    data = load_dataset(own)

    assert rows(data.joined()) == rows(data.train, data.validation)
    assert data.joined().images.data_ptr() == data.train.images.data_ptr()  # no copy
    assert torch.equal(data.joined().labels[len(data.train) :], data.validation.labels)


def test_data_with_one_changed_pixel_has_another_digest(own, tmp_path):
    with np.load(own) as file:
        arrays = dict(file)
    arrays["x_train"][7, 0, 0, 0] ^= 1
    np.savez(tmp_path / "other.npz", **arrays)

    assert load_dataset(str(tmp_path / "other.npz")).digest != load_dataset(own).digest


def test_a_process_loads_the_same_data_once(own):
    assert load_dataset(own, seed=2) is load_dataset(own, seed=2)


def test_a_name_wins_over_a_folder_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)

    assert load_dataset("digits").name == "digits"


def test_the_data_folder_comes_from_the_environment(fetched_mnist, monkeypatch):
    monkeypatch.setenv("AUTOML_DATA_DIR", str(fetched_mnist))

    data = load_dataset("mnist")

    assert [len(part) for part in (data.train, data.validation, data.test)] == [50000, 10000, 10000]
    assert data.mean == pytest.approx([0.1307], abs=5e-4)
    assert data.std == pytest.approx([0.3081], abs=5e-4)


SHARER = """
import json, re, sys
from pathlib import Path
from automl_on_ray.trainables.datasets._dataset import load_dataset
data = load_dataset(sys.argv[1])
data.joined().images.sum()
print("ready", flush=True)
sys.stdin.readline()
entry = Path("/proc/self/smaps").read_text().split("/both.npy\\n")[1]
print(json.dumps({key: int(re.search(rf"^{key}: +(\\d+)", entry, re.M)[1])
                  for key in ("Rss", "Pss", "Private_Dirty")}), flush=True)
sys.stdin.readline()
print(data.validation.images.double().mean().item(), data.digest)
"""


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells of pages")
def test_processes_of_one_node_split_alike_and_share_one_copy_in_memory(tmp_path):
    """Each of two processes has the whole split in its memory and is charged half of it."""
    images = np.random.default_rng(0).integers(0, 256, (12_000, 3, 32, 32), dtype=np.uint8)
    np.savez(tmp_path / "big.npz", x=images, y=np.arange(12_000) % 10)
    data = load_dataset(str(tmp_path / "big.npz"))
    kilobytes = data.joined().images.numel() / 1024

    command = [sys.executable, "-c", SHARER, str(tmp_path / "big.npz")]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    charges = []
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
        charges.append(json.loads(process.stdout.readline()))
    found = {process.communicate("end\n")[0].strip() for process in processes}
    assert found == {f"{data.validation.images.double().mean().item()} {data.digest}"}

    for charge in charges:
        assert charge["Rss"] > 0.95 * kilobytes
        assert charge["Pss"] < 0.6 * kilobytes
        assert charge["Private_Dirty"] == 0


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mnst", {}, r"Unknown data set 'mnst'. Did you mean 'mnist'\? There are: cifar10, "),
        ("there/is/nothing", {}, "There is no data at .*there/is/nothing"),
        ("nothing.npz", {}, r"There is no data at .*nothing\.npz"),
        ("digits", {"data_dir": Path("/nowhere")}, "data folder /nowhere does not exist"),
        ("digits", {"size": 100_000}, "subset of 100000 images was asked for, but there are 1497"),
        ("digits", {"size": 0}, "must have 1 image or more, but 0"),
        ("digits", {"size": 11}, "A part of 2 cannot be split off 11 images"),
        ("digits", {"seed": -1}, "seed must be 0 or more"),
        ("digits", {"validation": 0.0}, "between 0 and 1, but is 0.0"),
        ("digits", {"validation": 1.0}, "between 0 and 1, but is 1.0"),
        ("digits", {"validation": 0.9999}, "cannot be split off"),
    ],
)
def test_a_mistake_is_named_in_one_line(name, options, message):
    load_dataset("digits")  # what is in the cache lets nothing slip

    with pytest.raises(UserError, match=message) as caught:
        load_dataset(name, **options)

    assert "\n" not in str(caught.value)


def test_its_keywords_hold_trials_to_exactly_these_data(own, monkeypatch):
    monkeypatch.chdir(Path(own).parent)
    data = load_dataset("own.npz", seed=3)
    keywords = data.keywords()
    assert keywords == {"dataset": own, "data_dir": None, "digest": data.digest}
    monkeypatch.chdir("/")
    assert load_asked({**keywords, "seed": 3}) is data
    with pytest.raises(UserError, match="are not those that the study began with"):
        load_asked({**keywords, "digest": "another"})
    named = load_dataset("digits", data_dir=Path(own).parent).keywords()
    assert (named["dataset"], named["data_dir"]) == ("digits", str(Path(own).parent))


def test_its_facts_are_what_a_person_asks_of_it(own):
    assert load_dataset(own).facts() == {
        "train": 100, "validation": 20, "test": 30, "image shape": [3, 6, 6],
        "classes": ["0", "1", "2"],
    }  # fmt: skip
