"""A new searcher, scheduler, NAS method or data set is one new file: some are added here."""

import ast
import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from ray import tune
from typer.testing import CliRunner

from automl_on_ray.schedulers import SchedulerSettings, create_scheduler, scheduler_capabilities
from automl_on_ray.search_spaces import nas_bench_201
from automl_on_ray.search_spaces.cells import genotype_text
from automl_on_ray.search_spaces.core import Objective, UserError, choices
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.simulation import Simulation
from automl_on_ray.studies.architecture import NasSettings, prepare as prepare_nas
from automl_on_ray.studies.hpo import HpoSettings, prepare as prepare_hpo
from automl_on_ray.studies.inputs import bind, check_pair
from automl_on_ray.trainables.image_classifier import ImageClassifier
from automl_on_ray.workflows.simulate import simulate
from tests.helpers.studies import rows_of, run, runs_of
from tests.schedulers.populations.growing import gain, lived

ROOT = Path(__file__).parents[2]
ENDS = ("startswith", "endswith", "removeprefix")
PLUG_INS = Path(__file__).parent / "plug_ins"
ROOMS = {"searchers": "searchers", "schedulers": "schedulers", "datasets": "trainables.datasets"}
GROWING = "tests.schedulers.populations.growing"
EPOCHS = 8


@pytest.fixture(autouse=True)
def _new_files(monkeypatch):
    """The files of `plug_ins/` are found as if they lay in the rooms' own folders."""
    modules = []
    for folder, room in ROOMS.items():
        package = importlib.import_module(f"automl_on_ray.{room}")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(PLUG_INS / folder)])
        modules += [(package, file.stem) for file in (PLUG_INS / folder).glob("*.py")]
    yield
    for package, name in modules:
        sys.modules.pop(f"{package.__name__}.{name}", None)
        vars(package).pop(name, None)


class Growth:
    """The trainable of `growing`, without its process."""

    def begin(self, config):
        return 0, 0.0

    def step(self, state, config):
        epoch, score = state[0], state[1] + gain(config, state[0])
        return (epoch + 1, score), {"score": score}, 1.0


class Convolutions:
    """A cell is as good as its share of convolutions; one epoch tells."""

    def begin(self, config):
        return 0

    def step(self, state, config):
        operations = [value for value in config.values() if isinstance(value, str)]
        share = sum("conv" in each for each in operations) / len(operations)
        return state + 1, {"val_accuracy": share}, 1.0


def simulated(training, searcher, scheduler, *, kind, samples, epochs, constants):
    can = scheduler_capabilities(kind)
    study = Simulation(
        training, searcher, scheduler, samples=samples, slots=2, max_t=epochs,
        pausing=can.pauses_trials, keep=can.checkpoints_to_keep, constants=constants,
    )  # fmt: skip
    study.run()
    return study


def planned(tmp_path, **asked):
    plan = prepare_hpo(
        HpoSettings(
            trainable=f"{GROWING}:Growing", space=f"{GROWING}:SPACE", objective="score",
            epochs=EPOCHS, storage=str(tmp_path / "runs"), name="new", **asked,
        )
    )  # fmt: skip
    with plan.study:
        return plan


GOOD = {"width": 8, "rate": 0.03, "batch": 64, "kind": "b", "optimizer": "adam"}


def known(tmp_path):
    """Four results from before, of which only the first is any good."""
    poor = [{**GOOD, "rate": rate} for rate in (0.5, 0.0002, 0.9)]
    file = tmp_path / "known.json"
    file.write_text(
        json.dumps(
            [{"config": GOOD, "metrics": {"score": 0.8}}]
            + [{"config": config, "metrics": {"score": -5.0}} for config in poor]
        )
    )
    return file


def asked_for(tree):
    """What is compared with in a module, or looked for at a text's ends."""
    for node in ast.walk(tree):
        ends = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ENDS
        if ends or isinstance(node, ast.Compare | ast.MatchValue):
            yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))


@pytest.mark.parametrize("room", ["searchers", "schedulers"])
def test_no_code_asks_for_the_name_of_a_searcher_or_scheduler(room):
    """But in its own file, where a library may be called like it."""
    own = {name: module.rpartition(".")[2] for name, module in choices(room).items()}
    files = [file for file in (ROOT / "automl_on_ray").glob("*/**/*.py") if file.is_file()]
    assert len(files) > 200
    assert not {
        (str(file.relative_to(ROOT)), word)
        for file in files
        for word in asked_for(ast.parse(file.read_text()))
        if isinstance(word, str)
        and own.get(word, file.stem) != file.stem
        and word != "local"  # so are an address of Ray's and a file system of pyarrow's called
    }


def test_a_new_searcher_learns_from_results_that_were_known_beforehand(tmp_path):
    plan = planned(
        tmp_path, searcher="heredity", scheduler="asha", trials=12, known=[known(tmp_path)]
    )
    first = plan.searcher.suggest("first")
    assert sum(first.get(key) != value for key, value in GOOD.items()) <= 1
    plan = planned(
        tmp_path, searcher="heredity", scheduler="asha", trials=12, known=[known(tmp_path)],
        fresh=True,
    )  # fmt: skip
    study = simulated(
        Growth(), plan.searcher, plan.scheduler, kind="asha", samples=12, epochs=EPOCHS,
        constants=plan.evaluation.space.constants,
    )  # fmt: skip
    assert len(study.trials) == 12
    good = [GOOD["rate"] == trial.config["rate"] for trial in study.trials]
    assert sum(good) > 6


def test_a_new_searcher_is_told_what_it_did_not_declare(tmp_path):
    with pytest.raises(UserError, match=r"heredity takes no --acquisition; use --searcher bay"):
        planned(tmp_path, searcher="heredity", acquisition="ucb")
    with pytest.raises(UserError, match="--scheduler pb2 --searcher sobol or --scheduler cooling"):
        check_pair("pb2", "heredity")


def test_a_new_population_scheduler_is_used_by_all_that_ask_what_it_can(tmp_path):
    assert "cooling" in choices("schedulers")
    plan = planned(tmp_path, searcher="random", scheduler="cooling", trials=8, interval=2)
    assert plan.record.changes_running_trials
    study = simulated(
        Growth(), plan.searcher, plan.scheduler, kind="cooling", samples=8, epochs=EPOCHS,
        constants=plan.evaluation.space.constants,
    )  # fmt: skip
    done = plan.scheduler.members.done
    assert done
    assert all(step.config["rate"] <= step.exploit.config["rate"] / 2 + 1e-12 for step in done)
    for trial in study.trials:
        score = trial.run_metadata.last_result["score"]
        assert score == pytest.approx(lived(plan.scheduler.schedule(trial.trial_id)))
    with pytest.raises(UserError, match="--synchronous is for --scheduler pbt; 'cooling' has no"):
        planned(tmp_path, searcher="random", scheduler="cooling", synchronous=True)


def test_what_a_new_population_changes_is_not_simulated_from_a_record(tmp_path):
    app = typer.Typer()
    app.command()(simulate)
    (tmp_path / "curves.csv").write_text("trial,step,score\n0,1,1.0\n1,1,2.0\n")
    arguments = [str(tmp_path / "curves.csv"), "--metric", "score", "--scheduler", "cooling"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "cooling changes configs of live trials" in result.stderr
    assert "there are: hyperband, asha, fifo, median-stopping." in result.stderr


@pytest.mark.usefixtures("ray_cluster")
def test_a_new_searcher_and_a_new_scheduler_run_a_study_on_ray(storage, tmp_path):
    result = run(
        storage, "new", "--trainable", f"{GROWING}:Growing", "--space",
        f"{GROWING}:SPACE", "--objective", "score", "--searcher", "heredity", "--scheduler",
        "cooling", "--interval", 2, "--epochs", EPOCHS, "--trials", 4, "--slots", 2,
        "--known", known(tmp_path), "--final-seeds", 0,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = rows_of(storage, "new")
    assert len(rows) == 4
    trial_schedules = json.loads((storage / "new" / "schedules.json").read_text())
    assert any(len(schedule) > 1 for schedule in trial_schedules.values())
    for tracked in runs_of(storage, "new")["trial"]:
        assert "hp/rate" in tracked.data.metrics


def test_a_new_nas_method_searches_cells_that_are_trained_by_themselves(tmp_path):
    plan = prepare_nas(
        NasSettings(
            dataset="digits", evaluation="standalone", searcher="heredity", trials=40,
            layers=3, stem_stride=1,
            storage=str(tmp_path / "runs"), name="new",
        )
    )  # fmt: skip
    with plan.study:
        study = simulated(
            Convolutions(), plan.searcher, plan.scheduler, kind="fifo", epochs=1,
            samples=plan.evaluation.samples, constants=plan.evaluation.space.constants,
        )  # fmt: skip
    scores = [trial.run_metadata.last_result["val_accuracy"] for trial in study.trials]
    assert len(scores) == 40
    assert np.mean(scores[-10:]) > np.mean(scores[:10]) + 0.1
    for trial in study.trials:
        assert genotype_text(trial.config).startswith("Genotype(normal=")


def test_it_searches_cells_of_nas_bench_201_too():
    space, goal = nas_bench_201.SPACE, Objective("val_accuracy")
    study = simulated(
        Convolutions(),
        create_searcher("heredity", SearcherSettings(space, (goal,), max_t=1)),
        create_scheduler("fifo", SchedulerSettings(space, goal, 1, 40, 0)),
        kind="fifo", samples=40, epochs=1, constants=space.constants,
    )  # fmt: skip
    scores = [trial.run_metadata.last_result["val_accuracy"] for trial in study.trials]
    assert np.mean(scores[-10:]) > np.mean(scores[:10]) + 0.1
    for trial in study.trials:
        text = nas_bench_201.architecture_text(trial.config)
        assert nas_bench_201.parse_architecture(text).items() <= trial.config.items()


def test_a_new_data_set_of_images_is_found_by_its_name_and_learned(tmp_path):
    plan = prepare_hpo(
        HpoSettings(
            dataset="stripes", space="mnist-cnn-classic", searcher="random", epochs=3,
            storage=str(tmp_path / "runs"), name="new",
        )
    )  # fmt: skip
    with plan.study:
        assert plan.record.dataset == "stripes"
        assert plan.data.classes == ("across", "down")
        config = {**plan.evaluation.space.constants, "learning_rate": 0.003, "weight_decay": 1e-4,
                  "batch_size": 32}  # fmt: skip
        trial = bind(ImageClassifier, plan.trial_kwargs)(config=config)
        results = [trial.step() for _ in range(3)]
    assert isinstance(trial, tune.Trainable)
    assert results[-1]["val_accuracy"] > 0.9
