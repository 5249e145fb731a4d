"""How the trials of every stage are kept: where, how often, and so that any kill is survived."""

from collections.abc import Sequence

from ray import tune

from automl_on_ray.clusters import Stage
from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.studies.resume import StateKeeper


def run_config(
    stage: Stage,
    callbacks: Sequence[tune.Callback],
    *,
    keep: int | None = 3,
    max_failures: int = 1,
    stop: tune.Stopper | None = None,
    scheduler: ResumableScheduler | None = None,
    goes_on: bool = False,
) -> tune.RunConfig:
    """Tune's experiment of a stage; a checkpoint each epoch and at a trial's end, `keep` of them.

    The newest may turn out to be torn. None keeps all.

    What `scheduler` knows is saved with it.
    """
    return tune.RunConfig(
        name=stage.folder.name,
        storage_path=stage.storage_path,
        stop=stop,
        # First: Ray gives callbacks their states back by place, and the others may differ.
        callbacks=[StateKeeper(stage.folder, scheduler, goes_on=goes_on), *callbacks],
        checkpoint_config=tune.CheckpointConfig(
            num_to_keep=keep, checkpoint_frequency=1, checkpoint_at_end=True
        ),
        failure_config=tune.FailureConfig(max_failures=max_failures),
        verbose=0,
    )
