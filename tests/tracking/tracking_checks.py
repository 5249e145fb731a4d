"""What a store holds, for tests to look at."""

import json
from pathlib import Path

from automl_on_ray.tracking.store import connect


def stored_runs(uri, experiment="test"):
    """The parent, and the children by trial id."""
    client = connect(uri)
    found = client.get_experiment_by_name(experiment)
    runs = client.search_runs([found.experiment_id], max_results=1000)
    parents = [r for r in runs if r.data.tags["automl.role"] == "study"]
    assert len(parents) == 1
    children = {r.data.tags["automl.trial_id"]: r for r in runs if r not in parents}
    assert len(children) == len(runs) - 1, "two runs for one trial"
    return parents[0], children


def history(uri, run, key):
    points = connect(uri).get_metric_history(run.info.run_id, key)
    return [(p.step, p.value) for p in sorted(points, key=lambda p: p.step)]


def artifact(uri, run, name):
    client = connect(uri)
    return json.loads(Path(client.download_artifacts(run.info.run_id, name)).read_text())
