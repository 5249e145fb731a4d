"""The end of a study: the best config trained anew and tested, the report, and what to say."""

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np
import torch
from ray import tune

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import (
    FAILED_TRIALS,
    INTERRUPTED,
    NOT_TRACKED,
    command_line,
    console,
)
from automl_on_ray.schedulers.populations import Segment
from automl_on_ray.search_spaces import Config, SearchSpace, is_json
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers.ax import analyse
from automl_on_ray.studies.final_training import Final, train_final
from automl_on_ray.studies.folder import StudyFolder
from automl_on_ray.studies.inputs import accepts, bind
from automl_on_ray.studies.populations import along
from automl_on_ray.studies.progress import Progress
from automl_on_ray.studies.terminal_report import (
    print_failure,
    print_failures,
    print_final,
    print_links,
    print_trials,
    why_nothing_scored,
)
from automl_on_ray.studies.trial_rows import Row, scored
from automl_on_ray.tracking import Study, TrackingCallback
from automl_on_ray.tracking.reports import Interface, ModelRecord, log_model, log_report
from automl_on_ray.trainables import TorchTrainable
from automl_on_ray.trainables.datasets import Dataset
from automl_on_ray.trainables.image_classifier import (
    ImageClassifier,
    count_flops,
    count_parameters,
    load_network,
)
from automl_on_ray.trainables.multi_process import data_parallel
from automl_on_ray.trainables.registered_models import (
    Predictor,
    example_images,
    image_model,
    latency_seconds,
)

ENOUGH_WHOLE_TRIALS = 10  # to tell from them alone what matters


def conclude(
    study: StudyFolder,
    record: Study,
    rows: list[Row],
    *,
    klass: type[tune.Trainable],
    offers: dict[str, Any],
    data: Dataset | None,
    uri: str,
    tracker: Callable[[str, str], TrackingCallback],
    resources: Resources,
    seeds: int,
    epochs: int,
    register: str,
    ended_by: str | None,
    show_trials: bool = True,
    workers: int = 1,
    max_failures: int = 1,
    lives: Mapping[str, Sequence[Segment]] = MappingProxyType({}),
) -> None:
    """Exits with code 1 if a trial has failed, or 4 if MLflow does not have all of the study yet.

    May be repeated: what was done is not done again.
    Where `lives` tells that the best trial's config changed, the final model goes through them all.
    """
    if ended_by:
        console.print(f"The search has ended, as {ended_by}.")
    ranked = scored(rows, record.objectives)
    # Another best trial, seeds or epochs, when the study goes on, are another training.
    training = f"{ranked[0].trial_id}-{seeds}x{epochs}" if ranked else ""
    final, model = None, None
    with tracker("final", training) as tracking:
        if ranked and seeds and accepts(klass, "final"):
            final = _final(
                study, training, ranked[0], klass, offers, tracking, resources, seeds, epochs,
                workers, max_failures, along(lives, ranked[0].trial_id),
                record.objectives[0],
            )  # fmt: skip
            if final is None:
                tracking.study_end("stopped")
                say_how_to_go_on(study, rows, record.objectives)
    with console.status("Writing the report to MLflow"):
        tracked = tracking.study_end("completed" if ranked else "failed")
        tracked &= _report(uri, record, rows, offers, final)
        if final is not None and data is not None and issubclass(klass, ImageClassifier):
            model = _model(uri, record, ranked[0], training, offers, data, final, register)
            tracked &= model is not None
    if show_trials:
        print_trials(rows, record.objectives)
    if not ranked:
        console.print(why_nothing_scored(rows, record.objectives), style="red", soft_wrap=True)
    if final is not None:
        print_final(final, ("test_accuracy", "test_loss"))
        _say_final_failures(final)
    if model is not None:
        champion = "the champion" if model.champion else "not the champion"
        console.print(f"Registered as {model.uri}: {champion}, {model.reason}.", soft_wrap=True)
    serving = None if uri.startswith("http") else _ui_command(study)
    print_links(tracking.links(), start_with=serving)
    if model is not None:
        console.print("To use it:")
        console.print(f"  {_load_command(uri, model.uri)}", soft_wrap=True)
    failed_final = final is not None and any(row.outcome == "failed" for row in final.rows)
    if print_failures(rows) or failed_final or not ranked:
        raise SystemExit(FAILED_TRIALS)
    if not tracked:
        said = f"MLflow at {uri} does not have all of the study yet; to send the rest:"
        console.print(said, soft_wrap=True)
        console.print(f"  {_same_command(study)}", style="bold", soft_wrap=True)
        raise SystemExit(NOT_TRACKED)


def say_how_to_go_on(
    study: StudyFolder, rows: Sequence[Row], objectives: Sequence[Objective]
) -> NoReturn:
    """After Ctrl-C: everything is kept; exit code 130.

    UserError if it was no Ctrl-C: the study goes on on another machine.
    """
    study.check_ours()
    print_trials(rows, objectives)
    console.print("Stopped; everything is kept. To go on:")
    console.print(f"  {_same_command(study)}", style="bold", soft_wrap=True)
    raise SystemExit(INTERRUPTED)


def _same_command(study: StudyFolder) -> str:
    """That goes on with the study."""
    command = command_line().replace(" --fresh", "")  # it would begin anew
    name = shlex.quote(study.path.name)
    return command if f"--name {name}" in command else f"{command} --name {name}"


def _final(
    study: StudyFolder,
    training: str,
    best: Row,
    klass: type[tune.Trainable],
    offers: dict[str, Any],
    tracking: TrackingCallback,
    resources: Resources,
    seeds: int,
    epochs: int,
    workers: int,
    max_failures: int,
    schedule: Sequence[Segment] | None,
    objective: Objective,
) -> Final | None:
    """None if it was interrupted. The study's `objective` is shown where no test is made."""
    config = offers["space"].active(best.config)
    shown = Objective("test_accuracy") if issubclass(klass, ImageClassifier) else objective
    progress = Progress(
        f"{study.path.name}: the best config ({best.trial_id}) anew, on train + validation",
        objective=shown, total=seeds, epochs=epochs,
    )  # fmt: skip
    trained: Any = klass
    if workers > 1 and issubclass(klass, TorchTrainable):
        trained = data_parallel(klass, workers)
    final = train_final(
        bind(trained, {**offers, "epochs": epochs, "final": True}),
        config,
        seeds=range(seeds),
        epochs=epochs,
        stage=study.stage("final", training),
        resources=resources,
        tracking=tracking,
        progress=progress,
        workers=workers,
        max_failures=max_failures,
        schedule=schedule,
    )
    return None if any(row.outcome == "stopped" for row in final.rows) else final


def _report(
    uri: str, record: Study, rows: list[Row], offers: dict[str, Any], final: Final | None
) -> bool:
    """Whether it is in MLflow."""
    ranked = scored(rows, record.objectives)
    whole = [row for row in ranked if row.outcome == "completed"]
    # Few trials get to the end under ASHA; then all count, with what they had when they ended.
    judged = whole if len(whole) >= ENOUGH_WHOLE_TRIALS else ranked
    analysis = analyse(
        offers["space"], record.objectives, [(row.config, row.metrics) for row in judged]
    )
    if analysis.left_out:
        console.print(analysis.left_out, style="dim")
    return log_report(
        uri,
        record,
        trials=rows,
        figures=analysis.figures,
        importance=analysis.importance,
        final=_final_facts(final) if final else None,
    )


def _final_facts(final: Final) -> dict[str, Any]:
    names = sorted({name for row in final.rows for name in row.metrics if name.startswith("test_")})
    told: dict[str, Any] = {"seeds": len(final.rows)}
    for name in names:
        mean, half = final.interval(name)
        told[name] = f"{mean:.5g} ± {half:.2g}" if half == half else f"{mean:.5g}"
    return told


def _model(
    uri: str,
    record: Study,
    best: Row,
    training: str,
    offers: dict[str, Any],
    data: Dataset,
    final: Final,
    register: str,
) -> ModelRecord | None:
    """The network of the first seed: to take the one best on the test set would be to fit it."""
    if final.checkpoint is None:
        return None
    with final.checkpoint.as_directory() as folder:
        network = load_network(
            Path(folder),
            best.config,
            space=offers["space"],
            image_shape=data.image_shape,
            classes=len(data.classes),
        )
    means = {name: final.interval(name)[0] for name in ("test_accuracy", "test_loss")}
    costs = {
        "parameters": float(count_parameters(network)),
        "flops": float(count_flops(network, data.image_shape)),
        "latency_seconds": latency_seconds(network, data.image_shape),
    }
    console.print(
        f"{costs['parameters']:,.0f} parameters, {costs['flops'] / 1e6:.3g} million operations and "
        f"{1000 * costs['latency_seconds']:.3g} ms an image (one at a time, CPU, "
        f"{torch.get_num_threads()} threads)."
    )
    predictor = Predictor(network, data.mean, data.std).eval()
    return log_model(
        uri,
        record,
        predictor,
        data.test.images[:2].float(),
        metrics={**means, **costs},
        config=best.config,
        registered_name=register,
        interface=Interface(Path(image_model.__file__), data.classes, _brightness(data)),
        trial_id=best.trial_id,
        training=training,
        recipe=_recipe(offers["space"], best.config, data, predictor),
    )


def _brightness(data: Dataset) -> float:
    """The brightest pixel that 99 of 100 training pictures reach."""
    brightest = data.train.images.flatten(1).amax(dim=1).float()
    return float(brightest.kthvalue(max(len(brightest) // 100, 1)).values)


def _recipe(
    space: SearchSpace, config: Config, data: Dataset, predictor: Predictor
) -> dict[str, Any] | None:
    """How to build the network again, without this study, and what it then must answer.

    None where the space cannot say, and for values that JSON does not have.
    """
    build = space.build
    member = space.as_declared(space.active(space.plain(config)))
    own = {key: member[key] for key in space.architecture if key in member}
    chosen = {k: v.item() if isinstance(v, np.generic) else v for k, v in own.items()}
    if build is None or not is_json(chosen):
        return None
    with torch.no_grad():
        answers = predictor(example_images(data.image_shape))
    return {
        "build": f"{build.__module__}:{build.__qualname__}",
        "config": chosen,
        "image_shape": list(data.image_shape),
        "classes": list(data.classes),
        "mean": list(data.mean),
        "std": list(data.std),
        "answers": answers.tolist(),
    }


def _say_final_failures(final: Final) -> None:
    for row in final.rows:
        if row.outcome == "failed":
            print_failure("Final training", row)


def _ui_command(study: StudyFolder) -> str:
    ui = Path(__file__).resolve().parents[1] / "workflows" / "ui.py"
    return shlex.join([sys.executable, str(ui), "--storage", str(study.path.parent)])


def _load_command(uri: str, model_uri: str) -> str:
    """Python with the model at hand, from any folder."""
    code = f"import mlflow; model = mlflow.pyfunc.load_model({model_uri!r}); print(model)"
    command = shlex.join([sys.executable, "-i", "-c", code])
    return f"MLFLOW_TRACKING_URI={shlex.quote(uri)} {command}"
