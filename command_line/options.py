"""Options that commands have in common, in the groups that --help shows."""

from pathlib import Path
from typing import Annotated

import typer

from automl_on_ray.command_line.change import Change
from automl_on_ray.search_spaces.core import Between, choices
from automl_on_ray.search_spaces.proxies import NAMES

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
        help=(
            "Images to learn from: mnist, fashion-mnist, cifar10, cifar100, digits, or a "
            "path. A path is a folder with one sub-folder a class, an .npz or a .parquet, "
            "here or in a bucket. Example: --dataset s3://bucket/mine.npz"
        ),
        rich_help_panel=_STUDY,
    ),
]
DataDir = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        envvar="AUTOML_DATA_DIR",
        help=(
            "Folder of the named data sets, here or in a bucket. Default: a cache folder in "
            "your home. Example: --data-dir s3://bucket/folder"
        ),
        rich_help_panel=_STUDY,
    ),
]
Subset = Annotated[
    int | None,
    Between(1, 1e9),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Learn from only so many images, drawn by --seed; for a quick try. Default: "
            "all. Example: --subset 2000"
        ),
        rich_help_panel=_STUDY,
    ),
]
Trainable = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What a trial runs: your own trainable, as package.module:NAME. Default: the "
            "image classifier. Example: --trainable docs.own_trainable:Quadratic"
        ),
        rich_help_panel=_STUDY,
    ),
]
Space = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What may vary: mnist-cnn, mnist-cnn-classic (files of search_spaces/), or your "
            "own as package.module:NAME. Example: --space docs.own_trainable:SPACE"
        ),
        rich_help_panel=_STUDY,
    ),
]
ObjectiveText = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--objective",
        help=(
            "The metric that the study maximises; with a minus in front it minimises. "
            "Several, separated by commas, seek a Pareto front; schedulers look at the "
            "first. Example: --objective=-val_loss"
        ),
        rich_help_panel=_STUDY,
    ),
]
Seed = Annotated[
    int,
    Between(0, 2**31 - 1),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Seed of what is drawn at random: the split of the data, the configs proposed, "
            "a network's first weights. Example: --seed 7"
        ),
        rich_help_panel=_STUDY,
    ),
]

Searcher = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            f"Who proposes the configs: {', '.join(choices('searchers'))}. bayesian is Ax, "
            "optuna is TPE, reinforce a policy, gaussian-process has kernels on graphs. Some have "
            "options of their own, behind a colon and parted by commas. Example: --searcher "
            "evolution:population=20"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Scheduler = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            f"Who stops weak trials, or changes them: {', '.join(choices('schedulers'))}. "
            "fifo lets each run to its end. Example: --scheduler median-stopping"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Explore = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "For --scheduler pbt: where new values come from when a trial takes over "
            "another's checkpoint. ax (default) models the score's change; perturb "
            "multiplies and draws anew. Example: --explore perturb"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Interval = Annotated[
    int | None,
    Between(1, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "For --scheduler pbt and pb2: epochs between two changes of a trial. Default: a "
            "tenth of --epochs. Example: --interval 2"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Synchronous = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--synchronous",
        help=(
            "For --scheduler pbt: trials wait for each other, and are compared at the same "
            "epoch. Slots wait meanwhile."
        ),
        rich_help_panel=_SEARCH,
    ),
]
Population = Annotated[
    int | None,
    Between(2, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "For --scheduler pbt: trials alive at once. Those below the median at their "
            "first change give their places to new ones. Default: all --trials. Example: "
            "--population 8"
        ),
        rich_help_panel=_SEARCH,
    ),
]
ReplayFile = Annotated[
    Path | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--replay",
        help=(
            "A schedule.json that a population or --hypergradient found. Instead of a search, "
            "three seeds are trained along it from scratch. Example: --replay schedule.json"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Acquisition = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "For --searcher bayesian: the function that weighs what to try next: qlognei "
            "(default for one objective), qlognehvi (for several), qlogei, qnei or ucb. "
            "Example: --acquisition ucb"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Beta = Annotated[
    float | None,
    Between(0, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "For --acquisition ucb: the weight of what is not known; more explores more. "
            "Example: --beta 2"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Prior = Annotated[
    list[str] | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What is known before any trial. Of a parameter a density over its values, which fades "
            "as results come: lognormal(MEDIAN, xFACTOR), normal(MEAN, SD) or "
            "choice(OPTION: WEIGHT, ...). Or a zero-cost proxy that judges untrained networks: "
            f"{', '.join(NAMES)}. Of members drawn at random the better half by it are tried; "
            "--searcher random tries its best ones first. May be given several times. "
            'Example: --prior "learning_rate ~ lognormal(1e-3, x3)"'
        ),
        rich_help_panel=_SEARCH,
    ),
]
Limit = Annotated[
    list[str] | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What a network must keep to, or it is never trained: on parameters, flops, or "
            "latency (ms of one image on the trial's device). May be given several times. "
            'Example: --limit "parameters <= 100000"'
        ),
        rich_help_panel=_SEARCH,
    ),
]
OutcomeConstraint = Annotated[
    list[str] | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What a good trial's metrics must satisfy; trials that do not are run too. May be "
            "given several times. Example: "
            '--outcome-constraint "parameters <= 100000"'
        ),
        rich_help_panel=_SEARCH,
    ),
]
TryFirst = Annotated[
    Path | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "JSON file with a list of configs that are tried before the searcher's own, "
            "such as a study's best_config.json. Example: --try-first "
            "runs/mnist/best_config.json"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Known = Annotated[
    list[str] | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "File with results on the same data, which the searcher learns from at the start. "
            'A JSON list of {"config": ..., "metrics": ...}, or a .csv or .parquet of Optuna, '
            "Ray Tune, MLflow, Ax or Syne Tune. May be given several times. Example: "
            "--known results.json"
        ),
        rich_help_panel=_SEARCH,
    ),
]

WarmStart = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Earlier studies to begin from, by names with commas, or files as for --known, but of "
            "other data. all means those of this MLflow store whose space shares half of its keys. "
            "Trials on the same data are results. Of other data each study is a task to learn "
            "from, and the best configs come first. With this study's own name, the old one is "
            "kept under another. Example: --warm-start mnist"
        ),
        rich_help_panel=_SEARCH,
    ),
]

Trials = Annotated[
    int,
    Between(1, 1e6),
    Change.GROWS,
    typer.Option(
        help=(
            "Configs to try in all. A study that is resumed may ask for more. Example: --trials 50"
        ),
        rich_help_panel=_BUDGET,
    ),
]
Epochs = Annotated[
    int,
    Between(1, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Most epochs that a trial of the search may take; one epoch is one step of its "
            "trainable. Example: --epochs 10"
        ),
        rich_help_panel=_BUDGET,
    ),
]
Minutes = Annotated[
    float | None,
    Between(0, 1e7, above=True),
    Change.ALLOWED,
    typer.Option(
        help=(
            "Minutes after which the search ends, those before a resume included. The final "
            "training comes after. Example: --minutes 30"
        ),
        rich_help_panel=_BUDGET,
    ),
]
Cost = Annotated[
    float | None,
    Between(0, 1e9, above=True),
    Change.ALLOWED,
    typer.Option(
        help=(
            "End the search when its trials have cost so much, in the currency of "
            "--price-per-hour, which it needs. Example: --cost 5 --price-per-hour 0.9"
        ),
        rich_help_panel=_BUDGET,
    ),
]
PricePerHour = Annotated[
    float | None,
    Between(0, 1e6, above=True),
    Change.ALLOWED,
    typer.Option(
        help=(
            "What an hour of one running trial costs, in any currency, for --cost. Example: "
            "--cost 5 --price-per-hour 0.9"
        ),
        rich_help_panel=_BUDGET,
    ),
]

Slots = Annotated[
    int | None,
    Between(1, 1e5),
    Change.ALLOWED,
    typer.Option(
        help=(
            "Trials at work at once. Default: as many as fit the CPUs and GPUs. Example: --slots 4"
        ),
        rich_help_panel=_MACHINE,
    ),
]
CpusPerTrial = Annotated[
    float | None,
    Between(0, 1e4, above=True),
    Change.ALLOWED,
    typer.Option(
        help=(
            "CPU cores of one trial; may be a fraction. Default: an equal share for each "
            "slot. Example: --cpus-per-trial 2"
        ),
        rich_help_panel=_MACHINE,
    ),
]
GpusPerTrial = Annotated[
    str | None,
    Between(0, 1e3, word="auto"),
    Change.ALLOWED,
    typer.Option(
        metavar="NUMBER|auto",
        help=(
            "GPUs of one trial; may be a fraction. auto measures how many trials fit on one "
            "GPU. Default: 1 where there are GPUs. Example: --gpus-per-trial 0.5"
        ),
        rich_help_panel=_MACHINE,
    ),
]
Address = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        help=(
            "Address of a Ray cluster to join. Default: RAY_ADDRESS, or a Ray of its own on "
            "this machine. Example: --address 10.0.0.5:6379"
        ),
        rich_help_panel=_MACHINE,
    ),
]
TrialMinutes = Annotated[
    float | None,
    Between(0, 1e6, above=True),
    Change.ALLOWED,
    typer.Option(
        help=(
            "Minutes after which a trial of the search is ended as failed, its setup "
            "included: it may hang. Default: no limit. Example: --trial-minutes 20"
        ),
        rich_help_panel=_BUDGET,
    ),
]
SearchWorkers = Annotated[
    int,
    Between(1, 1e4),
    Change.ALLOWED,
    typer.Option(
        help=(
            "Processes that train one trial of the search together, each with a GPU where "
            "there are any. Example: --search-workers 2"
        ),
        rich_help_panel=_MACHINE,
    ),
]
MaxFailures = Annotated[
    int,
    Between(0, 1e3),
    Change.ALLOWED,
    typer.Option(
        help=(
            "How many times a crashed trial is started again from its checkpoint, before it "
            "counts as failed. Example: --max-failures 3"
        ),
        rich_help_panel=_MACHINE,
    ),
]

Name = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        help=(
            "The study's name, and its folder's in --storage. The same command with the "
            "same name resumes it. Default: the command and the time. Example: --name mnist"
        ),
        rich_help_panel=_KEEP,
    ),
]
Fresh = Annotated[
    bool,
    Change.ALLOWED,
    typer.Option(
        "--fresh/--no-fresh",
        help=("Begin the study of that --name anew. The old one is kept under another name."),
        rich_help_panel=_KEEP,
    ),
]
TrustStorage = Annotated[
    bool,
    Change.ALLOWED,
    typer.Option(
        "--trust-storage",
        envvar="AUTOML_TRUST_STORAGE",
        help=(
            "Resume a study whose state another machine or user has saved. Reading it can "
            "run code from anybody who can write to --storage."
        ),
        rich_help_panel=_KEEP,
    ),
]
RetryFailed = Annotated[
    bool,
    Change.ALLOWED,
    typer.Option(
        "--retry-failed",
        help=("When a study is resumed, try its failed trials again. Without it they stay failed."),
        rich_help_panel=_KEEP,
    ),
]
Storage = Annotated[
    str,
    Change.ALLOWED,
    typer.Option(
        envvar="AUTOML_STORAGE",
        help=(
            "Folder of all studies, or a bucket. On a cluster a bucket, or a folder that "
            "all nodes share. Example: --storage s3://bucket/folder"
        ),
        rich_help_panel=_KEEP,
    ),
]
TrackingUri = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        envvar="MLFLOW_TRACKING_URI",
        help=(
            "Address of an MLflow server, or of a database. Default: a SQLite file in "
            "--storage. Example: --tracking-uri http://host:5000"
        ),
        rich_help_panel=_KEEP,
    ),
]
Experiment = Annotated[
    str,
    Change.ALLOWED,
    typer.Option(
        help=(
            "MLflow experiment that the study's runs go to; made if it is not there. "
            "Example: --experiment digits"
        ),
        rich_help_panel=_KEEP,
    ),
]

Notify = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        help=(
            "Command to run when the study ends, however that is. Its environment has "
            "AUTOML_NAME, AUTOML_STATE, AUTOML_BEST and more. "
            "Example: --notify 'notify-send \"$AUTOML_NAME $AUTOML_STATE\"'"
        ),
        rich_help_panel=_KEEP,
    ),
]

FinalSeeds = Annotated[
    int,
    Between(0, 1e3),
    Change.ALLOWED,
    typer.Option(
        help=(
            "How many times the best config is trained again on train + validation, each "
            "with another seed, and tested. 0: not at all. Example: --final-seeds 5"
        ),
        rich_help_panel=_FINAL,
    ),
]
FinalEpochs = Annotated[
    int | None,
    Between(1, 1e6),
    Change.ALLOWED,
    typer.Option(
        help=(
            "Epochs of the final training. Default: as many as --epochs. Example: --final-epochs 40"
        ),
        rich_help_panel=_FINAL,
    ),
]
Register = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        help=(
            "Name in MLflow's registry for the final model. Default: the command's and the "
            "data set's name. Example: --register digits"
        ),
        rich_help_panel=_FINAL,
    ),
]
TrainWorkers = Annotated[
    int,
    Between(1, 1e4),
    Change.ALLOWED,
    typer.Option(
        help=(
            "Processes that train one final model together, each with a GPU where there are "
            "any. Example: --train-workers 2"
        ),
        rich_help_panel=_FINAL,
    ),
]
