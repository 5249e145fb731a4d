"""Seconds of CPU for a suggestion after 10, 50, 100 and 200 trials, ours against a bare ax.Client.

    python -m benchmarks.searcher_cost
    python -m benchmarks.searcher_cost --ours 400,800      # ours alone, for large studies

Both know the same trials of a mixed conditional surface; three suggestions each, the mean is shown.
The first of ours fits from scratch, as after a restart; the others go on from the last fit.
"""

import time
import warnings
from typing import Annotated, Any

import numpy as np
import torch
import typer

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import PriorTrial, SearcherSettings, TrialOutcome, varying
from automl_on_ray.searchers.ax import AxModel
from benchmarks.searcher_quality import MIXED, bare_client, mixed

SUGGESTIONS = 3


def main(ours: Annotated[str, typer.Option(help="Numbers of trials, ours alone.")] = "") -> None:
    """Print the table."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    generator = np.random.default_rng(0)
    counts = [int(word) for word in ours.split(",") if word]
    configs = [varying(MIXED, MIXED.sample(generator)) for _ in range(max([200, *counts]))]
    for trials in counts:
        print(f"{trials:8}{_ours(configs[:trials]):10.2f}", flush=True)
    if counts:
        return
    print(f"{'trials':>8}{'ours, s':>10}{'bare Ax, s':>12}{'ratio':>8}")
    for trials in (10, 50, 100, 200):
        own, bare = _ours(configs[:trials]), _bare(configs[:trials])
        print(f"{trials:8}{own:10.2f}{bare:12.2f}{own / bare:8.2f}", flush=True)


def _ours(configs: list[dict[str, Any]]) -> float:
    known = tuple(PriorTrial(config, {1: {"value": mixed(config)}}) for config in configs)
    model = AxModel(SearcherSettings(MIXED, (Objective("value", "min"),), known=known))
    spent = 0.0
    for _ in range(SUGGESTIONS):
        began = time.process_time()
        config = model.suggest()
        spent += time.process_time() - began
        model.tell(config, TrialOutcome("completed", {1: {"value": mixed(config)}}))
    assert not model.fallbacks
    return spent / SUGGESTIONS


def _bare(configs: list[dict[str, Any]]) -> float:
    client, encoding = bare_client(MIXED, seed=0)
    for config in configs:
        codes = encoding.encode(config)
        active = {encoding.names()[key] for key in config}
        parameters = {name: code for name, code in codes.items() if name in active}
        index = client.attach_trial(parameters=parameters)
        client.complete_trial(index, raw_data={"value": mixed(config)})
    spent = 0.0
    for _ in range(SUGGESTIONS):
        began = time.process_time()
        ((index, found),) = client.get_next_trials(max_trials=1).items()
        spent += time.process_time() - began
        value = mixed(encoding.decode(dict(found)))
        client.complete_trial(index, raw_data={"value": value})
    return spent / SUGGESTIONS


if __name__ == "__main__":
    typer.run(main)
