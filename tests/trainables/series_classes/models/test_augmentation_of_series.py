"""Other series of the same class: as long, as before where nothing is asked, the same by seed."""

import torch

from automl_on_ray.trainables.series_classes.models.augmentation import augmented, inside

NOTHING = {"jitter": 0.0, "stretch": 0.0, "crop": 0.0, "warp": 0.0}
ALL = {"jitter": 0.1, "stretch": 0.2, "crop": 0.4, "warp": 0.4}


def given():
    lengths = torch.tensor([20, 12])
    series = torch.randn(2, 3, 20, generator=torch.Generator().manual_seed(0))
    return series * inside(lengths, 20), lengths


def test_without_a_strength_series_stay_as_they_are():
    series, lengths = given()
    assert torch.equal(augmented(series, lengths, NOTHING, torch.Generator()), series)


def test_a_shorter_series_stays_as_short_and_a_seed_makes_the_same():
    series, lengths = given()
    one, other = (
        augmented(series, lengths, ALL, torch.Generator().manual_seed(1)) for _ in range(2)
    )
    assert torch.equal(one, other)
    assert not one[1, :, 12:].any()
    assert not torch.equal(one, series)


def test_moved_in_time_values_stay_within_those_that_there_were():
    series, lengths = given()
    moved = augmented(series, lengths, {**NOTHING, "crop": 0.5, "warp": 0.5}, torch.Generator())
    for one, before in zip(moved, series, strict=True):
        assert one.max() <= before.max() + 1e-6
        assert one.min() >= before.min() - 1e-6


def test_a_whole_series_without_a_crop_keeps_its_ends():
    series, lengths = given()
    moved = augmented(series, lengths, {**NOTHING, "warp": 0.5}, torch.Generator())
    for place, end in enumerate(lengths):
        torch.testing.assert_close(moved[place, :, 0], series[place, :, 0])
        torch.testing.assert_close(moved[place, :, end - 1], series[place, :, end - 1])
