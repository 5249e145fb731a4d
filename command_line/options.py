"""Options that commands have in common, in the groups that --help shows."""

from pathlib import Path
from typing import Annotated

import typer

from automl_on_ray.command_line.change import Change
from automl_on_ray.search_spaces.core import Between, choices

_STUDY, _SEARCH, _BUDGET, _MACHINE, _KEEP, _FINAL = (
    "What is tuned",
    "How it is searched",
    "When it ends",
    "What it runs on",
    "What is kept, and where",
    "The final model",
)

Dataset = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="mnist, fashion-mnist, cifar10, cifar100, digits; or a path: a folder with one "
        "sub-folder a class, an .npz, or a .parquet, here or in a bucket (s3://bucket/mine.npz).",
        rich_help_panel=_STUDY,
    ),
]
DataDir = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        envvar="AUTOML_DATA_DIR",
        help="Folder of data sets, or s3://bucket/folder. Default: a cache folder in your home.",
        rich_help_panel=_STUDY,
    ),
]
Subset = Annotated[
    int | None,
    Between(1, 1e9),
    Change.ANOTHER_STUDY,
    typer.Option(help="Use only this many images, drawn by seed.", rich_help_panel=_STUDY),
]
Trainable = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Your own trainable, as package.module:MyTrainable. Default: the image classifier.",
        rich_help_panel=_STUDY,
    ),
]
Space = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="A file of search_spaces/ by name (mnist-cnn, mnist-cnn-classic), or your own as "
        "package.module:SPACE.",
        rich_help_panel=_STUDY,
    ),
]
ObjectiveText = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--objective",
        help='Metric to maximise; "-val_loss" minimises; "accuracy, -parameters" seeks a Pareto '
        "front (schedulers then look at the first).",
        rich_help_panel=_STUDY,
    ),
]
Seed = Annotated[
    int,
    Between(0, 2**31 - 1),
    Change.ANOTHER_STUDY,
    typer.Option(help="Seed of everything random.", rich_help_panel=_STUDY),
]

Searcher = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=f"{', '.join(choices('searchers'))}: a file of searchers/.",
        rich_help_panel=_SEARCH,
    ),
]
Scheduler = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=f"{', '.join(choices('schedulers'))}: a file of schedulers/.",
        rich_help_panel=_SEARCH,
    ),
]
Explore = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="For populations: where new values come from when a trial took over another's "
        "checkpoint. ax (default): a Gaussian process of the score's change. perturb: "
        "factors and new draws.",
        rich_help_panel=_SEARCH,
    ),
]
Interval = Annotated[
    int | None,
    Between(1, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="For populations: epochs between perturbations. Default: a tenth of all epochs.",
        rich_help_panel=_SEARCH,
    ),
]
Synchronous = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--synchronous",
        help="For populations: compare all trials at the same epoch.",
        rich_help_panel=_SEARCH,
    ),
]
Population = Annotated[
    int | None,
    Between(2, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="For populations: how many trials are alive at once. Those below the median at "
        "their first perturbation give their place to new ones. Default: all.",
        rich_help_panel=_SEARCH,
    ),
]
ReplayFile = Annotated[
    Path | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--replay",
        help="A schedule.json that a population found. Train along it from scratch, with "
        "three seeds, instead of a search.",
        rich_help_panel=_SEARCH,
    ),
]
Acquisition = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="For searchers that take one: qlognei (default for one objective), qlognehvi "
        "(default for several), qlogei, qnei, ucb.",
        rich_help_panel=_SEARCH,
    ),
]
Beta = Annotated[
    float | None,
    Between(0, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="For --acquisition ucb: a higher value explores more.", rich_help_panel=_SEARCH
    ),
]
OutcomeConstraint = Annotated[
    list[str] | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help='What a good trial must satisfy, such as "parameters <= 100000". Repeatable.',
        rich_help_panel=_SEARCH,
    ),
]
TryFirst = Annotated[
    Path | None,
    Change.ANOTHER_STUDY,
    typer.Option(help="JSON file with a list of configs to try first.", rich_help_panel=_SEARCH),
]
Known = Annotated[
    Path | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="JSON file with known results, for searchers that take them: a list of "
        '{"config": ..., "metrics": ...}, metrics named as in --objective.',
        rich_help_panel=_SEARCH,
    ),
]

WarmStart = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Name of an earlier study. A searcher that takes known results knows its trials from "
        "the start; of a study of other data the best configs are tried first. With this study's "
        "own name, the old study is kept under another.",
        rich_help_panel=_SEARCH,
    ),
]

Trials = Annotated[
    int,
    Between(1, 1e6),
    Change.GROWS,
    typer.Option(help="How many configs to try.", rich_help_panel=_BUDGET),
]
Epochs = Annotated[
    int,
    Between(1, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(help="Maximum epochs of a trial of the search.", rich_help_panel=_BUDGET),
]
Minutes = Annotated[
    float | None,
    Between(0, 1e7, above=True),
    Change.ALLOWED,
    typer.Option(help="End the search after this time, resumes included.", rich_help_panel=_BUDGET),
]
Cost = Annotated[
    float | None,
    Between(0, 1e9, above=True),
    Change.ALLOWED,
    typer.Option(
        help="End the search when its trials have cost this much (with --price-per-hour).",
        rich_help_panel=_BUDGET,
    ),
]
PricePerHour = Annotated[
    float | None,
    Between(0, 1e6, above=True),
    Change.ALLOWED,
    typer.Option(help="Price of one running trial.", rich_help_panel=_BUDGET),
]

Slots = Annotated[
    int | None,
    Between(1, 1e5),
    Change.ALLOWED,
    typer.Option(help="Trials at once. Default: as many as fit.", rich_help_panel=_MACHINE),
]
CpusPerTrial = Annotated[
    float | None,
    Between(0, 1e4, above=True),
    Change.ALLOWED,
    typer.Option(help="CPUs of a trial. Default: an equal share.", rich_help_panel=_MACHINE),
]
GpusPerTrial = Annotated[
    str | None,
    Between(0, 1e3, word="auto"),
    Change.ALLOWED,
    typer.Option(
        metavar="NUMBER|auto",
        help="GPUs of a trial; may be a fraction. auto measures how many trials fit on one "
        "GPU. Default: 1 where there are GPUs.",
        rich_help_panel=_MACHINE,
    ),
]
Address = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        help="Address of a Ray cluster. Default: RAY_ADDRESS, or a Ray on this machine.",
        rich_help_panel=_MACHINE,
    ),
]
TrialMinutes = Annotated[
    float | None,
    Between(0, 1e6, above=True),
    Change.ALLOWED,
    typer.Option(
        help="Fail a trial of the search that takes longer, setup included: it may hang.",
        rich_help_panel=_BUDGET,
    ),
]
SearchWorkers = Annotated[
    int,
    Between(1, 1e4),
    Change.ALLOWED,
    typer.Option(
        help="Processes that train one trial of the search together, a GPU each where there are "
        "any.",
        rich_help_panel=_MACHINE,
    ),
]
MaxFailures = Annotated[
    int,
    Between(0, 1e3),
    Change.ALLOWED,
    typer.Option(
        help="How often a crashed trial is restarted from its checkpoint.",
        rich_help_panel=_MACHINE,
    ),
]

Name = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        help="Name of the study. The same command with the same name resumes it.",
        rich_help_panel=_KEEP,
    ),
]
Fresh = Annotated[
    bool,
    Change.ALLOWED,
    typer.Option(
        "--fresh",
        help="Begin the named study anew; the old one is kept under another name.",
        rich_help_panel=_KEEP,
    ),
]
TrustStorage = Annotated[
    bool,
    Change.ALLOWED,
    typer.Option(
        "--trust-storage",
        envvar="AUTOML_TRUST_STORAGE",
        help="Resume a study whose state this user did not save on this machine. Reading it "
        "can run code from anybody who can write to --storage.",
        rich_help_panel=_KEEP,
    ),
]
RetryFailed = Annotated[
    bool,
    Change.ALLOWED,
    typer.Option(
        "--retry-failed", help="On resume, try failed trials again.", rich_help_panel=_KEEP
    ),
]
Storage = Annotated[
    str,
    Change.ALLOWED,
    typer.Option(
        envvar="AUTOML_STORAGE",
        help="Folder of all studies, or a bucket: s3://bucket/folder. On a cluster a bucket, or a "
        "folder that all nodes share.",
        rich_help_panel=_KEEP,
    ),
]
TrackingUri = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        envvar="MLFLOW_TRACKING_URI",
        help="MLflow server. Default: a SQLite file in --storage.",
        rich_help_panel=_KEEP,
    ),
]
Experiment = Annotated[
    str, Change.ALLOWED, typer.Option(help="MLflow experiment.", rich_help_panel=_KEEP)
]

FinalSeeds = Annotated[
    int,
    Between(0, 1e3),
    Change.ALLOWED,
    typer.Option(
        help="How often the best config is trained again, on train + validation, and "
        "tested. 0: not at all.",
        rich_help_panel=_FINAL,
    ),
]
FinalEpochs = Annotated[
    int | None,
    Between(1, 1e6),
    Change.ALLOWED,
    typer.Option(help="Epochs of the final model. Default: --epochs.", rich_help_panel=_FINAL),
]
Register = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        help="Name of the registered model. Default: the command's and the data set's name.",
        rich_help_panel=_FINAL,
    ),
]
TrainWorkers = Annotated[
    int,
    Between(1, 1e4),
    Change.ALLOWED,
    typer.Option(
        help="Processes that train the final model together, a GPU each where there are any.",
        rich_help_panel=_FINAL,
    ),
]
