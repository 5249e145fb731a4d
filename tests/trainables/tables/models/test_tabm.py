"""TabM's layers, against the formulas of the papers."""

import numpy as np
import pytest
import torch

from automl_on_ray.trainables.tables.models.network_model import bins_of
from automl_on_ray.trainables.tables.models.tabm import Piecewise, SharedLinear, TabM


def test_heads_are_linear_layers_between_vectors_of_their_own():
    torch.manual_seed(0)
    layer, x = SharedLinear(3, 2, heads=4, first=True), torch.randn(5, 4, 3)
    assert set(layer.before.unique().tolist()) == {-1.0, 1.0}
    assert (layer.after == 1).all()
    for head in range(4):
        matrix = layer.weight * layer.before[head] * layer.after[head][:, None]
        torch.testing.assert_close(layer(x)[:, head], x[:, head] @ matrix.T + layer.bias[head])


def test_a_number_has_come_through_the_bins_below_it():
    embedding = Piecewise(torch.tensor([[0.0, 1.0, 3.0, torch.inf]]))
    with torch.no_grad():
        embedding.pieces.copy_(torch.ones_like(embedding.pieces))
        embedding.line.zero_()
        embedding.bias.zero_()
    told = embedding(torch.tensor([[-1.0], [0.5], [2.0], [9.0]]))[:, 0, 0]
    torch.testing.assert_close(told, torch.tensor([0.0, 0.5, 1.5, 2.0]))


def test_bins_have_as_many_rows_each_and_columns_of_two_values_have_none():
    columns = np.stack([np.arange(64.0), np.arange(64) % 2, np.arange(64) % 3], axis=1)
    edges, embedded = bins_of(columns.astype("float32"))
    assert embedded.tolist() == [0, 2]
    torch.testing.assert_close(edges[0], torch.linspace(0, 63, 17))
    assert edges[1].isfinite().sum() == 3


@pytest.mark.parametrize("embedding", ["none", "piecewise", "periodic"])
def test_heads_differ_and_every_weight_is_learned(embedding):
    torch.manual_seed(0)
    edges, embedded = bins_of(np.random.default_rng(0).normal(size=(50, 3)).astype("float32"))
    network = TabM(
        edges, embedded, columns=3, outputs=2, width=8, depth=2, heads=4,
        others={"embedding": embedding, "dropout": 0.0},
    )  # fmt: skip
    told = network(torch.randn(6, 3))
    assert told.shape == (6, 4, 2)
    assert told.std(dim=1).min() > 1e-4
    told.square().sum().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in network.parameters())
