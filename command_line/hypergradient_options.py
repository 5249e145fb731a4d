"""Options of hyperparameters that trials tune themselves, by their gradients."""

from typing import Annotated

import typer

from automl_on_ray.command_line.change import Change
from automl_on_ray.search_spaces.core import Between

_GRADIENTS = "What trials tune by gradients"

Hypergradient = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Hyperparameters that each trial tunes while it trains, by the gradient of the loss "
            "on a part of its training data: KEY, KEY:layer or KEY:layer=forward, several by "
            "commas. The searcher proposes where they start. Default: none. Example: "
            "--hypergradient learning_rate,weight_decay"
        ),
        rich_help_panel=_GRADIENTS,
    ),
]
OuterOptimizer = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "For --hypergradient: what follows the gradients: adam (default), sgd or lbfgs. "
            "Example: --outer-optimizer sgd"
        ),
        rich_help_panel=_GRADIENTS,
    ),
]
OuterRate = Annotated[
    float | None,
    Between(0, 1e3, above=True),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "For --hypergradient: the learning rate of --outer-optimizer, in logarithms of most "
            "values. Default: 0.5. Example: --outer-rate 0.1"
        ),
        rich_help_panel=_GRADIENTS,
    ),
]
Unroll = Annotated[
    int | None,
    Between(1, 1e4),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "For --hypergradient: steps of training to one of --outer-optimizer, an epoch at "
            "most. Default: 10. Example: --unroll 20"
        ),
        rich_help_panel=_GRADIENTS,
    ),
]
