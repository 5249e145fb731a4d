"""All that we use of Ray Tune's inside, checked when this package is imported."""

from automl_on_ray.search_spaces.core import Internals

_LOOP = "ray.tune.execution.tune_controller:TuneController"
_ACTORS = "ray.air.execution._internal.actor_manager:RayActorManager"
_ACTOR = "ray.air.execution._internal.tracked_actor:TrackedActor"
_TASK = "ray.air.execution._internal.tracked_actor_task:TrackedActorTask"
_IDLE = "ray.tune.utils.object_cache:_ObjectCache"
_TRIAL = "ray.tune.experiment.trial:Trial"
_CHECKPOINTS = "ray.train._internal.checkpoint_manager:_CheckpointManager"
_BRACKET = "ray.tune.schedulers.async_hyperband:_Bracket"
_RUN = "ray.tune.trainable.metadata:_TrainingRunMetadata"
_STATES = "ray.tune.execution.experiment_state:_ExperimentCheckpointManager"
_TENSORBOARD = "ray.tune.logger.tensorboardx:TBXLoggerCallback"
_SYNCER = "ray.train._internal.storage:_FilesystemSyncer"

# Methods that ours take the place of, with who calls them.
_OVERRIDDEN = (
    f"{_LOOP}._maybe_cache_trial_actor(trial)",
    f"{_LOOP}._cleanup_cached_actors(force_all)",
    f"{_LOOP}._maybe_reuse_cached_actor(trial)",
    f"{_LOOP}._actor_failed(tracked_actor, exception)",
    f"{_LOOP}._trial_task_failure(trial, exception)",
    f"{_LOOP}._on_trial_reset(trial, success)",
    f"{_LOOP}._on_training_result(trial, result)",
    f"{_LOOP}._validate_result_metrics(result)",
    f"{_LOOP}.stop_trial(trial)",
    f"{_LOOP}.on_step_end()",
    f"{_LOOP}._process_trial_result -> _validate_result_metrics",
    f"{_LOOP}._maybe_add_actors -> _maybe_reuse_cached_actor",
    f"{_ACTORS}._actor_task_failed(tracked_actor_task, exception)",
    f"{_ACTORS}.cleanup()",
    f"{_ACTORS}._schedule_tracked_actor_task -> _actor_task_failed",
    f"{_TRIAL}._get_default_result_or_future()",
    f"{_TRIAL}.update_last_result(result)",
    f"{_TRIAL}.get_json_state()",
    f"{_TRIAL}.get_json_state -> _state_json",
    f"{_RUN}.get_json_state -> _cached_json",
    f"{_LOOP}._get_trial_checkpoints -> get_json_state",
    f"{_TRIAL}.set_ray_actor(ray_actor)",
    f"{_STATES}.sync_up_experiment_state(save_fn, force, wait)",
    f"{_STATES}._update_auto_checkpoint_time(time_taken)",
    f"{_STATES}.sync_up_experiment_state -> _update_auto_checkpoint_time",
    f"{_TRIAL}.handle_error(exc)",
    f"{_BRACKET}.cutoff(recorded)",
    f"{_BRACKET}.on_result -> cutoff",
    f"{_TENSORBOARD}.log_trial_start -> _summary_writer_cls",
    f"{_TENSORBOARD}.log_trial_result -> flush",
    f"{_SYNCER}._sync_up_command(local_path, uri, exclude)",
    f"{_SYNCER}.sync_up -> _sync_up_command",
)
_CALLED = (
    f"{_LOOP}._remove_actor(tracked_actor)",
    f"{_LOOP}._actor_stopped(tracked_actor)",
    f"{_LOOP}._unstage_trial_with_resources(trial, ...)",
    f"{_LOOP}._set_trial_status(trial, status, ...)",
    f"{_LOOP}._schedule_trial_stop(trial, exception, ...)",
    f"{_LOOP}._schedule_trial_save(trial, result, ...)",
    f"{_LOOP}._mark_trial_to_checkpoint(trial, ...)",
    f"{_ACTORS}.clear_actor_task_futures(tracked_actor, ...)",
    f"{_ACTORS}.is_actor_failed(tracked_actor, ...)",
    f"{_ACTORS}.is_actor_started(tracked_actor, ...)",
    f"{_ACTORS}.remove_actor(tracked_actor, kill, ...)",
    f"{_ACTOR}.set_on_start(on_start)",
    f"{_ACTOR}.set_on_error(on_error)",
    f"{_ACTOR}.set_on_stop(on_stop)",
    f"{_IDLE}.increase_max(key, ...)",
    f"{_IDLE}.decrease_max(key, ...)",
    f"{_IDLE}.cache_object(key, obj, ...)",
    f"{_IDLE}.has_cached_object(key, ...)",
    f"{_CHECKPOINTS}.register_checkpoint(checkpoint_result, ...)",
    "ray.train._internal.storage:_delete_fs_path(fs, fs_path)",
    "ray._private.state:actors(actor_id, ...)",
    "ray._private.node:Node.dead_processes()",
)
_READ = (
    *(
        f"{_LOOP}.{attribute}"
        for attribute in (
            "_actor_cache", "_actor_force_cleanup_timeout", "_actor_manager", "_actor_to_trial",
            "_callbacks", "_checkpoint_manager", "_earliest_stopping_actor", "_iteration",
            "_live_trials", "_paused_trials", "_pending_trials_list", "_resetting_trials",
            "_resources_to_pending_trials", "_running_trials", "_scheduler_alg", "_search_alg",
            "_staged_trials", "_started_actors", "_stopping_actors", "_trial_to_actor", "_trials",
        )
    ),
    f"{_BRACKET}._rungs",
    f"{_BRACKET}.rf",
    "ray.tune.schedulers.async_hyperband:AsyncHyperBandScheduler._brackets",
    f"{_ACTORS}._live_actors_to_ray_actors_resources",
    f"{_TASK}._on_error",
    f"{_TASK}._tracked_actor",
    f"{_IDLE}.num_cached_objects",
    f"{_TRIAL}._state_json",
    f"{_RUN}._cached_json",
    f"{_RUN}.metric_n_steps",
    f"{_STATES}._checkpoint_period",
    f"{_STATES}._last_save_time",
    f"{_STATES}._should_force_sync_up",
    "ray.tune.utils.serialization:TuneFunctionEncoder._to_cloudpickle(obj)",
    f"{_CHECKPOINTS}._checkpoint_results",
    f"{_CHECKPOINTS}._latest_checkpoint_result",
    "ray.tune.execution.tune_controller:TrialRunnerWrapper._tune_controller",
    "ray.tune.callback:CallbackList._callbacks",
    "ray.tune.result_grid:ResultGrid._experiment_analysis",
    "ray.train._checkpoint:Checkpoint",
    "ray.train._internal.session:_FutureTrainingResult",
    "ray.train._internal.session:_TrainingResult(checkpoint, metrics)",
    "ray._private.worker:_global_node",
)  # fmt: skip
# Keys of what Tune saves, and how a study goes on with it.
_SAVED = (
    "ray.tune.tuner:Tuner.__init__ -> _tuner_kwargs",
    "ray.tune.impl.tuner_internal:TunerInternal.__init__ -> _tuner_kwargs",
    "ray.tune.tune:run -> resume_config",
    "ray.tune.search.search_generator:SearchGenerator.get_state -> total_samples",
    "ray.tune.search.search_generator:SearchGenerator.get_state -> finished",
    "ray.tune.search.search_generator:SearchGenerator.save_to_dir -> name:",
    "ray.tune.search.concurrency_limiter:ConcurrencyLimiter.max_concurrent",
)

TUNE = Internals(("ray",), (*_OVERRIDDEN, *_CALLED, *_READ, *_SAVED))
