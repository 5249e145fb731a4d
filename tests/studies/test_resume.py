"""Finding a state to go on from, whatever a kill left behind."""

import json
import os
import pickle
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray import tune

from automl_on_ray.clusters import Stage
from automl_on_ray.schedulers.populations import PerturbExplorer, PopulationBased
from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.searchers.random_search import create as random_search
from automl_on_ray.studies import run_config
from automl_on_ray.studies.resume import StateKeeper, check_states, keep, resume_config
from tests.helpers.crashing import Crashing
from tests.schedulers.populations.growing import EPOCHS, SPACE, Growing, gain, lives_match_scores

GOAL = Objective("score")


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "experiment_state-2026-01-01_00-00-00.json").write_text('{"trials": [1]}')
    state = tmp_path / "searcher-state-2026-01-01_00-00-00.pkl"
    state.write_bytes(pickle.dumps({"asked": 1}))
    return tmp_path


def test_an_empty_folder_has_nothing_to_go_on_from(tmp_path):
    assert resume_config(Stage(tmp_path), retry_failed=False) is None


def test_tuner_pkl_alone_is_nothing_to_go_on_from(tmp_path):
    (tmp_path / "tuner.pkl").write_bytes(b"x")
    assert resume_config(Stage(tmp_path), retry_failed=False) is None


def test_a_whole_state_is_gone_on_from(experiment):
    stage = Stage(experiment, trusted=True)
    assert resume_config(stage, retry_failed=False).errored.value == "SKIP".lower()
    assert resume_config(stage, retry_failed=True).errored.value == "RESUME".lower()


@pytest.mark.parametrize("torn", ["experiment_state*", "searcher-state*"])
@pytest.mark.parametrize("left", [0, 5, None])
def test_the_copy_kept_takes_the_place_of_rays_files(experiment, tmp_path, torn, left):
    file = next(experiment.glob(torn))
    whole = file.read_bytes()
    keep(experiment, experiment)
    os.truncate(file, left) if left is not None else file.unlink()
    later = tmp_path / "experiment_state-2026-01-02_00-00-00.json"  # of a session killed at once
    later.write_text('{"trials": []}')
    assert resume_config(Stage(experiment), retry_failed=False) is not None
    assert file.read_bytes() == whole
    assert not later.exists()
    assert list(experiment.glob("*.aside"))


def test_a_torn_state_without_a_copy_is_nothing_to_go_on_from(experiment):
    os.truncate(next(experiment.glob("experiment_state*")), 3)
    assert resume_config(Stage(experiment, trusted=True), retry_failed=False) is None


def test_a_copy_that_was_not_finished_is_passed_over_for_the_one_before(experiment):
    keep(experiment, experiment)
    (experiment / "kept").rename(experiment / "kept.old")
    (experiment / "kept.new").mkdir()
    os.truncate(next(experiment.glob("experiment_state*")), 3)
    assert resume_config(Stage(experiment), retry_failed=False) is not None
    assert next(experiment.glob("experiment_state*.json")).read_text() == '{"trials": [1]}'


def test_a_copy_that_is_torn_is_passed_over_for_the_one_before(experiment):
    """As a machine leaves it that lost its power."""
    keep(experiment, experiment)
    keep(experiment, experiment)
    os.truncate(next((experiment / "kept").glob("experiment_state*")), 0)
    assert resume_config(Stage(experiment), retry_failed=False) is not None
    assert next(experiment.glob("experiment_state*.json")).read_text() == '{"trials": [1]}'


class Evil:
    """What runs when it is unpickled: it leaves a file."""

    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return open, (self.place, "w")


def tampered(folder, place):
    for file in folder.glob("searcher-state*"):
        file.write_bytes(pickle.dumps(Evil(place)))


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def refused(experiment):
    """In one line that says how to go on; nothing is changed."""
    before = contents(experiment)
    with pytest.raises(UserError, match="--trust-storage"):
        resume_config(Stage(experiment), retry_failed=False)
    assert contents(experiment) == before


def test_rays_files_without_a_copy_of_ones_own_are_not_read(experiment, tmp_path_factory):
    place = tmp_path_factory.mktemp("place") / "ran"
    tampered(experiment, place)
    refused(experiment)
    assert not place.exists()
    resume_config(Stage(experiment, trusted=True), retry_failed=False)
    assert place.exists()  # so the test can fail


@pytest.mark.parametrize(
    "change",
    [lambda kept, place: tampered(kept, place),
     lambda kept, place: (kept / "searcher-state-9.pkl").write_bytes(pickle.dumps(Evil(place))),
     lambda kept, place: next(kept.glob("searcher*")).rename(kept / "callback-states-1.pkl"),
     lambda kept, place: (kept / "signature").unlink(),
     lambda kept, place: (kept / "signature").write_text("")],
)  # fmt: skip
def test_a_copy_that_another_has_changed_is_not_read(experiment, tmp_path_factory, change):
    place = tmp_path_factory.mktemp("place") / "ran"
    keep(experiment, experiment)
    change(experiment / "kept", place)
    refused(experiment)
    shutil.rmtree(experiment / "kept")
    keep(experiment, experiment)
    keep(experiment, experiment)
    change(experiment / "kept", place)
    assert resume_config(Stage(experiment), retry_failed=False) is not None  # with the one before
    assert not place.exists()
    assert pickle.loads(next(experiment.glob("searcher-state*.pkl")).read_bytes()) == {"asked": 1}


def test_a_state_of_another_user_is_read_once_the_storage_is_said_to_be_trusted(
    experiment, monkeypatch, tmp_path_factory
):
    experiment = Path(shutil.copytree(experiment, tmp_path_factory.mktemp("study") / "search"))
    keep(experiment, experiment)
    check_states(experiment.parent)
    monkeypatch.setenv("AUTOML_KEY_FILE", str(tmp_path_factory.mktemp("other") / "key"))
    refused(experiment)
    with pytest.raises(UserError, match="--trust-storage"):
        check_states(experiment.parent)
    assert resume_config(Stage(experiment, trusted=True), retry_failed=False) is not None
    keep(experiment, experiment)
    check_states(experiment.parent)
    assert resume_config(Stage(experiment), retry_failed=False) is not None


def test_a_study_killed_before_its_first_copy_begins_anew(tmp_path):
    """Ray's files may be anyone's: those of a study that this user has begun are not missed."""
    stage = Stage(tmp_path / "search")
    assert resume_config(stage, retry_failed=False) is None
    for count in range(2):
        (stage.folder / f"experiment_state-{count}.json").write_text('{"trials": [1]}')
        check_states(tmp_path)
        assert resume_config(stage, retry_failed=False) is None
        assert not list(stage.folder.glob("experiment_state*.json"))


def test_a_study_killed_in_its_very_first_copy_is_no_other_users(tmp_path):
    stage = Stage(tmp_path / "search")
    resume_config(stage, retry_failed=False)
    (stage.folder / "kept").rename(stage.folder / "kept.new")
    check_states(tmp_path)
    assert resume_config(stage, retry_failed=False) is None


def test_only_rays_own_state_of_trials_is_something_to_go_on_from(experiment):
    (of_searcher,) = experiment.glob("searcher-state*")
    of_searcher.unlink()
    keep(experiment, experiment)
    assert resume_config(Stage(experiment), retry_failed=False) is not None
    (of_trials,) = experiment.glob("experiment_state*.json")
    of_trials.rename(experiment / "searcher-state-1.pkl")
    keep(experiment, experiment)
    assert resume_config(Stage(experiment), retry_failed=False) is None


def test_in_a_trusted_folder_rays_files_count_where_a_copy_has_none(experiment):
    keep(experiment / "nothing", experiment)
    (experiment / "kept" / "signature").write_text("another's")
    assert resume_config(Stage(experiment, trusted=True), retry_failed=False) is not None


def at_work(folder):
    """A trial, as far as a callback looks at it: Ray writes its states into `folder`."""
    storage = SimpleNamespace(experiment_driver_staging_path=str(folder))
    run = SimpleNamespace(pickled_error_filename="error.pkl")
    return SimpleNamespace(storage=storage, run_metadata=run)


def test_each_state_that_ray_has_written_is_kept_once(experiment, tmp_path_factory):
    study = tmp_path_factory.mktemp("study") / "search"
    (experiment / "experiment_state-2025.json").write_text("an older one")
    keeper, trials = StateKeeper(study), [at_work(experiment)]
    keeper.on_step_end(0, [])
    assert not study.exists()
    study.write_text("the disk is full")
    keeper.on_step_end(1, trials)
    study.unlink()
    keeper.on_step_end(2, trials)
    kept = study / "kept"
    whole = {file.name: file.read_bytes() for file in experiment.iterdir() if "2026" in file.name}
    assert {file.name: file.read_bytes() for file in kept.iterdir()} == {
        **whole, "signature": (kept / "signature").read_bytes(),
    }  # fmt: skip
    (kept / "mark").touch()
    keeper.on_step_end(3, trials)
    assert (kept / "mark").exists()  # nothing has changed
    (study / "kept.new").mkdir()  # of a session that was killed
    for moment, end in enumerate((keeper.on_step_end, keeper.on_step_end, lambda _, trials: None)):
        os.utime(experiment / "experiment_state-2026-01-01_00-00-00.json", (moment, moment))
        end(4, trials)
        assert (kept / "mark").exists() == (moment == 2)
        (kept / "mark").touch()
    keeper.on_experiment_end(trials)
    assert not (kept / "mark").exists()  # Ray had written once more
    assert trials[0].run_metadata.pickled_error_filename is None
    shutil.rmtree(experiment)
    keeper.on_step_end(5, trials)
    assert whole.keys() < {file.name for file in kept.iterdir()}


@pytest.mark.parametrize(
    ("goes_on", "trials", "trials_kept", "ends"),
    [(True, 0, 1, True), (True, 1, 1, False), (False, 0, 1, False), (True, 0, 0, False),
     (True, 0, None, False)],
)  # fmt: skip
def test_a_study_without_the_trials_that_were_kept_has_not_been_read(
    goes_on, trials, trials_kept, ends, tmp_path
):
    if trials_kept is not None:
        state = json.dumps({"trial_data": [["a", "b"]] * trials_kept})
        (tmp_path / "experiment_state-1.json").write_text(state)
        keep(tmp_path, tmp_path)
    keeper = StateKeeper(tmp_path, goes_on=goes_on)
    with pytest.raises(UserError, match="could not be read") if ends else nullcontext():
        keeper.on_step_begin(0, [at_work(tmp_path)] * trials)


def test_a_schedulers_memory_is_kept_with_the_state(tmp_path):
    told = []
    scheduler = SimpleNamespace(get_state=lambda: "rungs", set_state=told.append)
    keeper = StateKeeper(tmp_path, scheduler)
    keeper.set_state(keeper.get_state())
    assert told == ["rungs"]
    without = StateKeeper(tmp_path)
    assert without.get_state() is None
    without.set_state({"scheduler": None})


def test_the_text_of_an_error_is_told_and_its_pickle_not_read(tmp_path, ray_cluster):
    place = tmp_path / "ran"

    class Tampering(tune.Callback):
        def on_trial_error(self, trial, **info):
            Path(trial.storage.trial_fs_path).mkdir(parents=True, exist_ok=True)
            (Path(trial.storage.trial_fs_path) / "error.pkl").write_bytes(pickle.dumps(Evil(place)))

    stage = Stage(tmp_path / "study")
    callbacks = [Tampering()]
    found = tune.Tuner(
        Crashing, param_space={"x": 1.0}, run_config=run_config(stage, callbacks, max_failures=0)
    ).fit()
    assert "no x above zero" in str(found.errors[0])
    assert not place.exists()


def of_two_trials(stage, resume=None):
    searcher = random_search(SearcherSettings(SPACE, (GOAL,), samples=2, seed=2))
    return tune.Tuner(
        Growing,
        tune_config=tune.TuneConfig(
            search_alg=searcher, num_samples=2, max_concurrent_trials=1, reuse_actors=True
        ),
        run_config=run_config(stage, [], goes_on=resume is not None),
        _tuner_kwargs={"resume_config": resume} if resume else {},
    )


@pytest.fixture(scope="module")
def ended(tmp_path_factory, ray_cluster):
    """The folder of a study's stage that has ended."""
    stage = Stage(tmp_path_factory.mktemp("ended") / "study")
    of_two_trials(stage).fit()
    return stage.folder


@pytest.mark.parametrize("unreadable", ["experiment_state*.json", "searcher-state*.pkl"])
def test_a_state_that_ray_cannot_read_ends_the_study_and_is_not_written_over(
    unreadable, tmp_path, ended
):
    stage = Stage(Path(shutil.copytree(ended, tmp_path / "study")))
    kept = {file: file.read_bytes() for file in (stage.folder / "kept").iterdir()}
    resume = resume_config(stage, retry_failed=False)
    (file,) = stage.folder.glob(unreadable)
    state = json.loads(file.read_text()) if file.suffix == ".json" else None
    file.write_text(json.dumps({**state, "trial_data": [[1]]}) if state else "")
    with pytest.raises(UserError, match="could not be read"):
        of_two_trials(stage, resume).fit()
    assert {f: f.read_bytes() for f in (stage.folder / "kept").iterdir()} == kept


class Stop(tune.Callback):
    """As a kill of the driver, in the middle of everything; the state on disk is an older one."""

    def __init__(self, results):
        self.left = results

    def on_trial_result(self, **info):
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("killed")


@pytest.mark.whole
def test_a_population_that_goes_on_elsewhere_knows_what_its_trials_lived_through(
    tmp_path, ray_cluster
):
    """Without Ray: tests/simulation/test_simulated_study.py. One trial on Ray: the test below."""

    def study(folder, *callbacks, cpus):
        population = PopulationBased(GOAL, PerturbExplorer(SPACE, 0), interval=2, seed=0)
        surviving = ResumableScheduler(population)
        resume = resume_config(Stage(folder), retry_failed=False)
        trials = tune.Tuner(
            tune.with_resources(Growing, {"CPU": cpus}),
            tune_config=tune.TuneConfig(
                search_alg=random_search(SearcherSettings(SPACE, (GOAL,), samples=6, seed=2)),
                scheduler=surviving, num_samples=6, reuse_actors=True,
            ),
            run_config=run_config(Stage(folder), callbacks, keep=3, scheduler=surviving),
            _tuner_kwargs={"resume_config": resume} if resume else {},
        ).fit()._experiment_analysis.trials  # fmt: skip
        return population, trials

    with pytest.raises(Exception, match="killed"):
        study(tmp_path / "study", Stop(45), cpus=1)
    before = [path.name for path in tmp_path.glob("study/*/checkpoint_*")]
    (tmp_path / "moved").mkdir()
    (tmp_path / "study").rename(tmp_path / "moved" / "study")
    population, trials = study(tmp_path / "moved" / "study", cpus=2)
    assert before
    assert not (tmp_path / "study").exists()
    assert len(trials) == 6
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert {trial.placement_group_factory.required_resources["CPU"] for trial in trials} == {2}
    lives_match_scores(population, trials)


class Early(tune.Callback):
    """Puts a copy of an early state of the study aside, which knows of a checkpoint."""

    def __init__(self, experiment):
        self.kept, self.aside = experiment / "kept", experiment.parent / "early"

    def on_trial_result(self, *, result, **info):
        if result["training_iteration"] == 5:
            shutil.copytree(self.kept, self.aside)


class Seen(tune.Callback):
    def __init__(self):
        self.steps = []

    def on_trial_result(self, *, result, **info):
        self.steps.append((result["training_iteration"], result["epoch"]))


def test_a_trial_goes_on_from_a_checkpoint_that_an_old_state_does_not_know(
    tmp_path, ray_cluster, monkeypatch
):
    """As another machine finds it that was left a copy of some seconds ago."""
    monkeypatch.setenv("TUNE_GLOBAL_CHECKPOINT_S", "0")  # a state after each result

    def study(*callbacks):
        surviving = ResumableScheduler(tune.schedulers.FIFOScheduler())
        resume = resume_config(Stage(tmp_path / "study"), retry_failed=False)
        return tune.Tuner(
            Growing,
            tune_config=tune.TuneConfig(
                search_alg=random_search(SearcherSettings(SPACE, (GOAL,), samples=1, seed=2)),
                scheduler=surviving, num_samples=1,
            ),
            run_config=run_config(Stage(tmp_path / "study"), callbacks, scheduler=surviving),
            _tuner_kwargs={"resume_config": resume} if resume else {},
        ).fit()._experiment_analysis.trials  # fmt: skip

    with pytest.raises(Exception, match="killed"):
        study(Early(tmp_path / "study"), Stop(10))
    shutil.rmtree(tmp_path / "study" / "kept")
    shutil.copytree(tmp_path / "early", tmp_path / "study" / "kept")
    left = sorted(int(path.name[-6:]) for path in tmp_path.glob("study/*/checkpoint_*"))
    seen = Seen()
    (trial,) = study(seen)
    assert seen.steps == [(epoch, epoch) for epoch in range(left[-1] + 2, EPOCHS + 1)]
    score = sum(gain(trial.config, epoch) for epoch in range(EPOCHS))
    assert trial.last_result["score"] == pytest.approx(score)
    kept = sorted(int(path.name[-6:]) for path in tmp_path.glob("study/*/checkpoint_*"))
    assert kept == [EPOCHS - 3, EPOCHS - 2, EPOCHS - 1]


def test_more_trials_may_be_asked_for_when_a_study_goes_on_and_more_at_once(experiment):
    """A budget had ended the asking."""
    path = experiment / "search_gen_state-2026.json"
    limiter = {"max_concurrent": 1, "num_unfinished_live_trials": 0}
    state = {"total_samples": 4, "counter": 4, "finished": True, "name:ConcurrencyLimiter": limiter}
    path.write_bytes(pickle.dumps(state))
    keep(experiment, experiment)
    resume_config(Stage(experiment), retry_failed=False, trials=9)
    assert pickle.loads(path.read_bytes()) == {
        "total_samples": 9, "counter": 4, "finished": False,
        "name:ConcurrencyLimiter": {"num_unfinished_live_trials": 0},
    }  # fmt: skip
