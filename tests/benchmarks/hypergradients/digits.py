"""Images made up by seed, in the place of MNIST's."""

import functools

import torch

from automl_on_ray.trainables.datasets import Dataset, Images


@functools.cache
def made_up():
    """1,200 images to train on and 200 to test."""
    train, test = images_of(1200, 1), images_of(200, 2)
    return Dataset("made up", tuple("0123456789"), train, train, test, (0.4,), (0.25,), "", train)


def images_of(count, seed):
    """Each class has a picture, and each image some noise."""
    pictures = torch.randint(0, 200, (10, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 10, (count,), generator=generator)
    noise = torch.randint(0, 56, (count, 1, 28, 28), generator=generator)
    return Images((pictures[labels] + noise).to(torch.uint8), labels)
