import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables import Augmentation, batches
from automl_on_ray.trainables.datasets import Images

ALL = Augmentation(shift=2, rotation=20, crop=2, flip=True, cutout=3)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(count=40, channels=1, height=8, width=8):
    images = torch.randint(
        1, 256, (count, channels, height, width), dtype=torch.uint8, generator=seeded()
    )
    return Images(images, torch.arange(count))


def repeated(image, count=400):
    return Images(image.expand(count, -1, -1, -1).contiguous(), torch.arange(count))


def pixels(split, augmentation=None, *, seed=0, **options):
    """An epoch as one tensor on the scale 0..255, and its labels."""
    channels = split.images.shape[1]
    options = {"batch_size": 16, "mean": [0.0] * channels, "std": [1.0] * channels} | options
    found = list(batches(split, generator=seeded(seed), augmentation=augmentation, **options))
    images, labels = zip(*found, strict=True)
    return torch.cat(images) * 255, torch.cat(labels)


@pytest.mark.parametrize("augmentation", [None, Augmentation()])
def test_an_epoch_gives_every_image_once_with_its_label(augmentation):
    split = noise()

    images, labels = pixels(split, augmentation)

    assert labels.tolist() != list(range(40))
    assert sorted(labels.tolist()) == list(range(40))
    assert torch.allclose(images, split.images[labels].float())


def test_images_are_normalised_by_channel():
    split = noise(200, channels=3)
    scaled = split.images.double() / 255
    mean, std = scaled.mean(dim=(0, 2, 3)).tolist(), scaled.std(dim=(0, 2, 3)).tolist()

    found = pixels(split, mean=mean, std=std)[0] / 255

    assert found.mean(dim=(0, 2, 3)).tolist() == pytest.approx([0.0] * 3, abs=1e-5)
    assert found.std(dim=(0, 2, 3)).tolist() == pytest.approx([1.0] * 3, abs=1e-4)


def test_without_a_generator_the_order_stays():
    labels = [y for _, y in batches(noise(), batch_size=7, generator=None, mean=[0], std=[1])]

    assert torch.cat(labels).tolist() == list(range(40))
    assert [len(y) for y in labels] == [7, 7, 7, 7, 7, 5]


def test_the_last_batch_may_be_left_out():
    assert len(pixels(noise(), drop_last=True)[1]) == 32
    assert len(pixels(noise(), drop_last=False)[1]) == 40


def test_colour_images_lie_with_channels_last():
    images, _ = next(
        batches(
            noise(channels=3),
            batch_size=4,
            generator=seeded(),
            mean=[0] * 3,
            std=[1] * 3,
            augmentation=ALL,
        )
    )
    assert images.is_contiguous(memory_format=torch.channels_last)


def test_the_generators_state_alone_reproduces_an_epoch():
    generator = seeded(3)
    options = {"batch_size": 16, "mean": [0.5], "std": [0.2], "augmentation": ALL}
    first = list(batches(noise(), generator=generator, **options))
    state = generator.get_state()
    second = list(batches(noise(), generator=generator, **options))

    torch.manual_seed(99)  # the global randomness has no part in it
    generator = seeded()
    generator.set_state(state)
    again = list(batches(noise(), generator=generator, **options))

    for (x, y), (again_x, again_y) in zip(second, again, strict=True):
        assert torch.equal(x, again_x)
        assert torch.equal(y, again_y)
    assert not torch.equal(first[0][1], second[0][1])


def test_the_data_is_never_changed():
    split = noise()
    before = split.images.clone()

    pixels(split, ALL)

    assert torch.equal(split.images, before)


def moved(image, down, right):
    """(C, H, W) moved by whole pixels, black where nothing comes from."""
    channels, height, width = image.shape
    padded = np.zeros((channels, 3 * height, 3 * width))
    padded[:, height + down : 2 * height + down, width + right : 2 * width + right] = image
    return padded[:, height : 2 * height, width : 2 * width]


@pytest.mark.parametrize("channels", [1, 3])
def test_shift_moves_by_whole_pixels_each_way_alike_often(channels):
    image = noise(1, channels, 5, 9).images

    images, _ = pixels(repeated(image, 1000), Augmentation(shift=1))

    counts = dict.fromkeys([(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)], 0)
    for found in images.numpy():
        (place,) = [m for m in counts if np.allclose(found, moved(image[0], *m), atol=0.01)]
        counts[place] += 1
    # 1000 draws from 9: sigma is 10, so five of them either way
    assert all(abs(count - 1000 / 9) < 50 for count in counts.values())


def test_crop_continues_the_image_by_its_mirror_image():
    image = noise(1, 3, 6, 7).images
    padded = np.pad(image[0].numpy(), ((0, 0), (2, 2), (2, 2)), mode="reflect")
    windows = {(r, c): padded[:, r : r + 6, c : c + 7] for r in range(5) for c in range(5)}

    images, _ = pixels(repeated(image), Augmentation(crop=2))

    seen = set()
    for found in images.numpy():
        (place,) = [p for p, window in windows.items() if np.allclose(found, window, atol=0.01)]
        seen.add(place)
    assert seen == set(windows)


def test_flip_mirrors_half_of_the_images():
    image = noise(1, 3).images

    images, _ = pixels(repeated(image, 1000), Augmentation(flip=True))

    flipped = [torch.allclose(found, image[0].flip(2).float()) for found in images]
    kept = [torch.allclose(found, image[0].float()) for found in images]
    assert sum(flipped) + sum(kept) == 1000
    assert abs(sum(flipped) - 500) < 80  # five sigmas


@pytest.mark.parametrize("degrees", [15, 90])
def test_rotation_turns_about_the_centre_by_up_to_the_angle_each_way(degrees):
    y, x = torch.meshgrid(torch.arange(31.0), torch.arange(45.0), indexing="ij")
    blob = 255 * torch.exp(-((x - 32) ** 2 + (y - 15) ** 2) / 8)  # 10 right of the centre
    split = repeated(blob.round().to(torch.uint8)[None, None])

    images, _ = pixels(split, Augmentation(rotation=degrees))

    mass = images.sum(dim=(1, 2, 3))
    right = (images[:, 0] * x).sum(dim=(1, 2)) / mass - 22
    down = (images[:, 0] * y).sum(dim=(1, 2)) / mass - 15
    radius, angle = torch.hypot(right, down), torch.rad2deg(torch.atan2(down, right))
    assert torch.allclose(radius, torch.tensor(10.0), atol=0.1)
    assert angle.abs().max() < degrees + 0.5
    assert angle.max() > 0.95 * degrees
    assert angle.min() < -0.95 * degrees
    assert mass.std() / mass.mean() < 0.01


def test_cutout_fills_a_square_with_the_mean():
    split = repeated(torch.full((1, 2, 12, 10), 200, dtype=torch.uint8))

    images, _ = pixels(split, Augmentation(cutout=4), mean=[0.5, 0.25], std=[0.3, 0.1])

    holes = images[:, 0] == 0
    assert torch.equal(holes, images[:, 1] == 0)
    for hole in holes:
        rows, columns = hole.any(dim=1), hole.any(dim=0)
        assert torch.equal(hole, rows[:, None] & columns)
        assert 2 <= rows.sum() <= 4  # what hangs over the edge is lost, at most half
        assert 2 <= columns.sum() <= 4
    assert holes.any(dim=0).all()  # every place is hit by some
    assert (holes.sum(dim=(1, 2)) == 16).float().mean() > 0.4


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.sampled_from([1, 3]), st.integers(1, 9), st.integers(1, 9)),
    shift=st.integers(0, 12),
    rotation=st.floats(0, 180),
    crop=st.integers(0, 12),
    flip=st.booleans(),
    cutout=st.integers(0, 12),
)
def test_any_augmentation_of_any_size_gives_pixels_between_black_and_white(
    shape, shift, rotation, crop, flip, cutout
):
    split = noise(20, *shape)

    images, labels = pixels(split, Augmentation(shift, rotation, crop, flip, cutout))

    assert images.shape == (20, *shape)
    assert images.dtype == torch.float32
    assert images.min() >= -0.01
    assert images.max() <= 255.01
    assert sorted(labels.tolist()) == list(range(20))


def test_strength_scales_all_and_none_is_no_change():
    assert Augmentation.scaled(0.0, side=28, flip=True) == Augmentation()
    full = Augmentation.scaled(1.0, side=28)
    assert full == Augmentation(shift=2, rotation=12.0, cutout=7)
    assert math.isclose(Augmentation.scaled(0.5, side=28).rotation, full.rotation / 2)


@pytest.mark.parametrize("name", ["shift", "rotation", "crop", "cutout"])
def test_a_negative_amount_is_refused(name):
    with pytest.raises(UserError, match=f"{name} must be 0 or more, but is -1"):
        Augmentation(**{name: -1})
