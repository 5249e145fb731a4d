"""Whole architecture searches by workflows/nas.py: real Ray, real MLflow, scikit-learn's digits."""

import json
from pathlib import Path

import mlflow
import numpy as np
import pytest
import ray
import typer
from mlflow.tracking import MlflowClient
from typer.testing import CliRunner

from automl_on_ray import study as find_study
from automl_on_ray.search_spaces.cells import keys, published_cell
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.macro import SPACE as MACRO
from automl_on_ray.studies.architecture.candidates import Searched
from automl_on_ray.studies.architecture.evaluations import way_of
from automl_on_ray.studies.architecture.plan import check_words, prepare
from automl_on_ray.studies.architecture.settings import NasSettings
from automl_on_ray.studies.architecture.study import search_architectures
from automl_on_ray.trainables.differentiable_search import DEFAULTS as SUPERNET_DEFAULTS
from automl_on_ray.trainables.image_classifier import DEFAULTS as CELL_DEFAULTS
from automl_on_ray.workflows.nas import nas
from tests.helpers.studies import processes_started, ranks_started

app = typer.Typer()
app.command()(nas)

QUICK = [
    "--evaluation", "supernet", "--dataset", "digits", "--subset", 400, "--stem-stride", 1,
    "--trials", 2, "--epochs", 2,
    "--search-images", 200, "--search-channels", 4, "--select-epochs", 1, "--select-images", 5000,
    "--candidates", 2, "--random-cells", 1, "--layers", 3, "--channels", 4, "--final-epochs", 2,
    "--slots", 1, "--cpus-per-trial", 1,  # to begin a process takes longer than a training
]  # fmt: skip


def run(storage, name, *arguments):
    """Of supernets, unless something else is named."""
    named = {"--evaluation", "--space", "--preset"} & set(arguments)
    every = ["--storage", storage, "--name", name, *arguments]
    every += [] if named else ["--evaluation", "supernet"]
    return CliRunner().invoke(app, [str(argument) for argument in every])


def quick_but(*changes):
    """QUICK with other values: an option may be given once."""
    pairs = dict(zip(QUICK[::2], QUICK[1::2], strict=True))
    pairs |= dict(zip(changes[::2], changes[1::2], strict=True))
    return [part for pair in pairs.items() for part in pair]


def runs_of(storage, name):
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    study_id = json.loads((storage / name / "study.json").read_text())["study_id"]
    experiment = client.get_experiment_by_name("nas")
    found = client.search_runs(
        [experiment.experiment_id], f"tags.`automl.study_id` = '{study_id}'", max_results=1000
    )
    by_role = {}
    for one in found:
        by_role.setdefault(one.data.tags["automl.role"], []).append(one)
    return client, by_role


@pytest.mark.whole
def test_a_search_goes_stage_by_stage_to_a_registered_network(storage, ray_cluster):
    """Two processes train each supernet of a population, and one each cell.

    Two that train a final network: tests/workflows/test_hpo.py.
    """
    quick = [
        *QUICK, "--search-workers", 2, "--recompute", "--select-seeds", 1, "--final-seeds", 1,
        "--scheduler", "pbt", "--searcher", "random", "--explore", "perturb",
    ]  # fmt: skip
    ranks = [ranks_started()]
    first = run(storage, "whole", *quick, "--stage", "search")
    assert first.exit_code == 0, first.output
    ranks.append(ranks_started())
    assert "Supernets" in first.output
    assert "trained by themselves" not in first.output

    second = run(storage, "whole", *quick, "--stage", "select")
    assert second.exit_code == 0, second.output
    ranks.append(ranks_started())
    assert "1. search" not in second.output  # done already
    assert "random cells" in second.output
    assert "test_accuracy" not in second.output

    third = run(storage, "whole", *quick, "--stage", "train")
    assert third.exit_code == 0, third.output
    ranks.append(ranks_started())
    assert ranks[0] < ranks[1] == ranks[2] == ranks[3]
    assert "2. select" not in third.output
    assert "node 3 = " in third.output
    assert "Genotype(normal=[" in third.output
    told = " ".join(third.output.split())  # lines are as wide as the terminal
    assert "trained from scratch on train + validation" in told
    assert "Registered as models:/nas-digits/1" in third.output

    counts = {"study": 1, "supernet": 2, "trial": 3, "final": 1}
    client, runs = runs_of(storage, "whole")
    assert {role: len(found) for role, found in runs.items()} == counts
    assert {r.info.status for found in runs.values() for r in found} == {"FINISHED"}
    study = runs["study"][0]
    assert study.data.tags["automl.outcome"] == "completed"
    best = min(one.data.metrics["val_loss"] for one in runs["supernet"])
    assert study.data.metrics["best_val_loss"] <= best
    assert study.data.metrics["trials_done"] == 3
    worth = "cell of the search is"
    assert worth in told
    assert worth in study.data.tags["mlflow.note.content"]
    page = Path(client.download_artifacts(study.info.run_id, "report.html")).read_text()
    assert worth in page
    assert "(random)" in page
    names = {one.info.run_name.partition("-")[0] for one in runs["trial"]}
    assert names == {"trial", "random"}
    names = {file.path for file in client.list_artifacts(study.info.run_id)}
    assert {"cell.svg", "cell.txt", "cell.json", "cell.genotype", "report.html"} <= names
    assert study.data.metrics["final_latency_seconds"] > 0
    assert study.data.metrics["final_parameters"] > 1000
    for one in runs["supernet"]:
        # What population-based training may change is followed, step by step.
        assert "hp/alpha_learning_rate" in one.data.metrics
        drawn = {file.path for file in client.list_artifacts(one.info.run_id)}
        assert {"mixing.png", "cells.gif"} <= drawn
        film = client.download_artifacts(one.info.run_id, "cells.gif")
        assert Path(film).read_bytes()[:6] == b"GIF89a"

    mlflow.set_tracking_uri(f"sqlite:///{storage}/mlflow.db")
    model = mlflow.pyfunc.load_model("models:/nas-digits/1")
    answer = model.predict(np.zeros((3, 1, 8, 8), np.float32))
    assert answer.shape == (3, 2 + 10)
    assert set(answer["class"]) <= set("0123456789")

    again = run(storage, "whole", *quick)
    assert again.exit_code == 0, again.output
    assert {role: len(found) for role, found in runs_of(storage, "whole")[1].items()} == counts


@pytest.mark.slow
def test_networks_are_searched_with_their_training_from_beginning_to_end(storage, ray_cluster):
    arguments = [
        "--space", "macro", "--dataset", "digits", "--subset", 200, "--trials", 2, "--epochs", 1,
        "--searcher", "random", "--scheduler", "fifo", "--candidates", 1, "--random-cells", 1,
        "--select-epochs", 1, "--select-images", 0, "--select-seeds", 1, "--final-epochs", 1,
        "--final-seeds", 1, "--slots", 1, "--cpus-per-trial", 1,
    ]  # fmt: skip
    result = run(storage, "macro", *arguments)
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert "Networks tried" in told
    assert "2 networks. The search took" in told
    assert "the best of 1 random networks" in told
    assert "stem: width" in told
    assert "Trained with optimizer" in told

    client, runs = runs_of(storage, "macro")
    assert {role: len(found) for role, found in runs.items()} == {
        "study": 1, "standalone": 2, "trial": 2, "final": 1,
    }  # fmt: skip
    study = runs["study"][0].info.run_id
    names = {file.path for file in client.list_artifacts(study)}
    assert {"network.svg", "network.png", "network.txt", "network.json"} <= names
    page = Path(client.download_artifacts(study, "report.html")).read_text()
    assert "<h2>Networks</h2>" in page
    assert ">stem<" in page

    found = find_study("macro", storage)  # what `search_architecture` returns
    assert (found.state, len(found.top(9))) == ("finished", 2)
    assert found.best in found.top(3)
    searched = json.loads((storage / "macro" / "trials.json").read_text())
    rounds = json.loads((storage / "macro" / "compared.json").read_text())["rounds"]
    assert all(config in [row["candidate"] for row in searched] for config in rounds[0])
    best = storage / "macro" / "best_config.json"
    with (plan := prepare(settings_of(*arguments, "--storage", storage, "--cells", best))).study:
        MACRO.check({**MACRO.constants, **plan.given[str(best)]})


def test_a_search_of_which_no_cell_came_ends_with_its_errors(storage, ray_cluster, capsys):
    """A supernet that diverges says so: tests/trainables/test_darts_supernet.py.

    What a failed trial says is kept: test_failed_trials_of_a_search_that_has_ended_are_tried_again.
    """
    quick = quick_but("--evaluation", "standalone")
    asked = settings_of("--storage", storage, "--name", "ended", *quick)
    with prepare(asked).study as study:
        error = "DivergedError: The supernet diverged"
        study.write_rows([Searched("a", {}, {}, "failed", 1, error).as_dict()])
    with pytest.raises(SystemExit) as ended:
        search_architectures(asked)
    told = capsys.readouterr().out
    assert ended.value.code == 1, told
    assert f"Trial a failed: {error}" in told
    assert "No cell came of this stage" in told
    assert not (storage / "ended" / "select").exists()


COUNTING = [
    "--evaluation", "standalone", "--trainable", "tests.helpers.counting:Counting",
    "--objective", "convolutions, -pools", "--searcher", "random", "--slots", 1,
    "--cpus-per-trial", 1, "--final-seeds", 1, "--select-seeds", 1, "--max-failures", 0,
    "--select-epochs", 1, "--epochs", 1,
]  # fmt: skip


@pytest.mark.whole
def test_random_cells_get_as_much_time_as_the_search_where_no_number_is_given(storage, ray_cluster):
    given = [*COUNTING, "--trials", 2, "--candidates", 2]
    result = run(storage, "fair", *given, "--stage", "search")
    assert result.exit_code == 0, result.output
    result = run(storage, "fair", *given, "--stage", "select")
    assert result.exit_code == 0, result.output
    compared = json.loads((storage / "fair" / "compared.json").read_text())
    seconds = compared["seconds"]
    spent = seconds["search"] + seconds["select"]
    assert spent <= seconds["control"] <= spent + 10  # until trials at work have been ended
    ended = [row for row in compared["rows"] if row["outcome"] == "completed"]
    drawn = len(ended) - len(compared["rounds"][0])
    assert drawn > 1
    assert f"the best of {drawn} random cells" in " ".join(result.output.split())


@pytest.mark.whole
def test_failed_trials_of_a_search_that_has_ended_are_tried_again_and_so_are_cells(
    storage, ray_cluster, tmp_path
):
    def searched(*more):
        given = [
            *COUNTING, "--trials", 4, "--candidates", 4, "--random-cells", 2,
            "--data-dir", tmp_path, *more,
        ]  # fmt: skip
        result = run(storage, "broken", *given)
        rows = json.loads((storage / "broken" / "trials.json").read_text())
        compared = json.loads((storage / "broken" / "compared.json").read_text())
        failed = [sum(bool(row["error"]) for row in each) for each in (rows, compared["rows"])]
        return result, failed, [len(cells) for cells in compared["rounds"]]

    (tmp_path / "least").write_text("8")
    result, failed, rounds = searched()
    assert result.exit_code == 1, result.output
    assert failed == [2, 1]
    assert rounds == [2]
    (tmp_path / "least").unlink()
    result, failed, rounds = searched()
    assert (failed, rounds) == ([2, 1], [2])
    result, failed, rounds = searched("--retry-failed")
    assert result.exit_code == 0, result.output
    assert (failed, rounds) == ([0, 0], [2, 2])
    assert "6 cells. The search took" in result.output
    assert "Pareto front of convolutions, -pools: 1, 2." in result.output
    assert {one.info.status for one in runs_of(storage, "broken")[1]["standalone"]} == {"FINISHED"}


def test_given_cells_take_the_search_s_place_one_at_a_time_where_one_slot_is_asked_for(
    storage, ray_cluster, tmp_path
):
    """What is planned, quickly: tests/studies/architecture/test_plan.py. How cells are trained:

    test_networks_are_searched_with_their_training_from_beginning_to_end.
    """
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps(published_cell("darts_v1")))
    arguments = [*COUNTING, "--random-cells", 0, "--stage", "select"]
    before = processes_started("ResourceTrainable")
    result = run(storage, "given", *arguments, "--cells", f"darts_v2,{mine}")
    assert result.exit_code == 0, result.output
    assert "1. search" not in result.output
    rows = json.loads((storage / "given" / "compared.json").read_text())["rows"]
    trained = [{key: row["config"][key] for key, _ in keys()} for row in rows]
    assert trained == [published_cell("darts_v2"), published_cell("darts_v1")]
    assert processes_started("ResourceTrainable") == before + 1


def test_a_preset_gives_other_defaults_and_what_is_given_wins():
    command = typer.main.get_command(app)
    given = ["--layers", "8", "--preset", "darts-cifar10"]
    chosen = command.make_context("nas", given).params
    assert (chosen["dataset"], chosen["channels"], chosen["layers"]) == ("cifar10", 36, 8)
    assert chosen["slots"] == command.make_context("nas", []).params["slots"]


def spaces_of(*arguments):
    """Of the supernets and of the cells that such a command trains, what is constant."""
    asked = settings_of(*arguments)
    check_words(asked)
    way = way_of(asked)
    return way, way.proposed, way.candidates


def test_the_preset_is_the_published_recipe():
    way, supernets, cells = spaces_of("--preset", "darts-cifar10")
    asked = way.asked
    used = {**SUPERNET_DEFAULTS, **supernets.constants}
    assert list(supernets.domains) == ["seed"]
    published = {
        "relaxation": "softmax", "hypergradient": "unrolled", "partial": 1, "edge_weights": False,
        "batch_size": 64, "learning_rate": 0.025, "lowest_learning_rate": 0.001, "momentum": 0.9,
        "weight_decay": 3e-4, "gradient_clip": 5.0, "alpha_learning_rate": 3e-4,
        "alpha_weight_decay": 1e-3, "warm_up": 0.0, "augmentation": 0.0, "flip": True, "crop": 4,
        "crop_border": "black", "cutout": None, "schedule_by": "epoch", "last_batch": True,
        "redraw_alpha_batches": True, "search_on_all": True, "zero_one_weight": 0.0,
        "flatness_weight": 0.0, "even_cutout": False,
    }  # fmt: skip
    assert {key: used[key] for key in used if key != "seed"} == published
    sizes = (asked.search_channels, asked.search_layers, asked.epochs, way.samples)
    assert sizes == (16, 8, 50, 4)
    assert (asked.remedy, asked.eigenvalue_every, asked.select) == ("warn", 0, "magnitude")
    assert (asked.candidates, asked.select_epochs, asked.final_epochs) == (4, 100, 600)

    assert {**CELL_DEFAULTS, **cells.constants} == {
        **{key: CELL_DEFAULTS[key] for key in ("beta1", "beta2")},
        "channels": 36, "layers": 20, "stem_stride": 1, "optimizer": "sgd", "momentum": 0.9,
        "nesterov": False, "learning_rate": 0.025, "schedule": "cosine", "schedule_by": "epoch",
        "weight_decay": 3e-4, "decay_vectors": True, "batch_size": 96, "last_batch": True,
        "gradient_clip": 5.0, "drop_path": 0.2, "auxiliary_weight": 0.4, "label_smoothing": 0.0,
        "augmentation": 0.0, "flip": True, "crop": 4, "crop_border": "black", "cutout": 16,
        "even_cutout": True,
    }  # fmt: skip


def test_without_the_preset_networks_are_trained_as_before_and_each_rule_is_an_option():
    _, supernets, cells = spaces_of("--evaluation", "supernet")
    rules = ("nesterov", "gradient_clip", "decay_vectors", "crop_border", "schedule_by")
    assert not set(rules) & set(cells.all)
    assert "crop_border" not in supernets.all
    _, _, changed = spaces_of(
        "--space", "darts", "--no-nesterov", "--gradient-clip", "2", "--crop-border", "black"
    )
    assert set(changed.all) - set(cells.all) == {"nesterov", "gradient_clip", "crop_border"}
    _, _, kept = spaces_of("--preset", "darts-cifar10", "--nesterov")
    assert "nesterov" not in kept.all


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--operations", "sep_conv_9x9"], "Unknown operation 'sep_conv_9x9'"),
        (["--operations", "none"], "leave every node without an input"),
        (["--preset", "cifar"], "Unknown preset 'cifar'. There are: darts-cifar10"),
        (["--stage", "export"], "Unknown stage 'export'"),
        (["--evaluation", "standalon"], "Did you mean 'standalone'"),
        (["--cells", "darts_v3"], "Unknown cell 'darts_v3'"),
        (["--cells", "none.json"], "none.json cannot be read"),
        (["--cells", "darts_v2", "--operations", "s2"], "Cell darts_v2: Config has"),
        (["--cells", "darts_v2", "--stage", "search"], "no --stage search"),
        (["--stage", "select"], "run that one first"),
        (["--stage", "train"], "goes on with what --stage select left"),
        (["--space", "tests.helpers.supernet_mistakes:RELAXATION"], "Did you mean 'softmax'"),
        (
            ["--space", "tests.helpers.supernet_mistakes:PAIR"],
            "'unrolled' does not go with relaxation 'gumbel'",
        ),
        (["--remedy", "prayer"], "Unknown remedy 'prayer'"),
        (["--crop-border", "white"], "Unknown crop border 'white'"),
        (["--schedule-by", "epochs"], "Did you mean 'epoch'"),
        (["--cells", "Genotype(normal=[])"], "normal must be a list of pairs"),
        (["--cells", "none.py:A"], "none.py cannot be read"),
        (["--select", "pertubation"], "Did you mean 'perturbation'"),
        (["--space", "darts-supernets"], "Did you mean 'darts-supernet'"),
        (
            ["--space", "mnist-cnn", "--evaluation", "supernet"],
            "which space 'mnist-cnn' does not tell",
        ),
        (["--stem-stride", 2], "too small for 2 reductions"),
        (
            ["--space", "macro", "--evaluation", "standalone"],
            "--channels is nothing that space 'macro' has",
        ),
        (["--cutout", 9], "their shorter side is 8 pixels"),
        (["--crop", 9], "--crop 9 is more than the images have"),
        (["--search-channels", 6], "multiple of partial=4"),
        (["--search-images", 10], "--search-images 10 are too few for 10 classes"),
        (["--scheduler", "pb2"], "but --searcher bayesian learns from results"),
        (["--gpus-per-trial", 3], "asks for more than there is"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_started(arguments, message, tmp_path):
    started = ray.is_initialized()
    result = run(tmp_path / "runs", "bad", *quick_but(*arguments))
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert ray.is_initialized() == started
    assert not (tmp_path / "runs" / "bad" / "search").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normal_node2_op1": None}, "Cell config lacks 'normal_node2_op1'"),
        ({"normal_node9_op1": "skip_connect"}, "'normal_node9_op1', which is no key of a cell"),
        ({"reduction_node3_op1": "none"}, "leaves the node without an input"),
        ({"reduction_node3_op2": "sep_conv_9x9"}, "Unknown operation 'sep_conv_9x9'"),
        ({"normal_node4_inputs": "3-9"}, "normal_node4_inputs='3-9'"),
    ],
)
def test_a_cell_that_is_none_is_told_in_one_line(change, message, tmp_path):
    cell = {**published_cell("darts_v2"), **change}
    path = tmp_path / "cell.json"
    path.write_text(json.dumps({key: value for key, value in cell.items() if value is not None}))
    result = run(tmp_path / "runs", "bad", *quick_but("--cells", path))
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "runs" / "bad").exists()


def settings_of(*arguments):
    words = [str(argument) for argument in arguments]
    given = typer.main.get_command(app).make_context("nas", words).params
    return NasSettings(**{k: v for k, v in given.items() if k not in ("config", "print_config")})


def test_a_study_is_not_gone_on_with_by_other_operations(storage):
    command = [
        "--storage", storage, "--name", "fixed", *quick_but("--evaluation", "standalone")
    ]  # fmt: skip
    with prepare(settings_of(*command)).study:
        pass
    with pytest.raises(UserError, match="was begun with operations = 'darts'"):
        prepare(settings_of(*command, "--operations", "s2"))
