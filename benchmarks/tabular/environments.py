"""Makes the environments of FLAML and AutoGluon, which the bar compares with.

    python -m benchmarks.tabular.environments FOLDER

Each has its own packages, some GB, beside which nothing of this project is installed. One that is
there already is left as it is.
"""

import subprocess
import sys
import venv
from pathlib import Path
from typing import Annotated

import typer

EXCHANGE = ("numpy", "pandas", "pyarrow", "psutil")  # what _exchange.py imports
PACKAGES = {
    "flaml": ("flaml[automl,catboost]==2.8.0",),
    "autogluon": ("autogluon.tabular[lightgbm,catboost,xgboost,fastai]==1.6.3",),
}
MADE = "made.txt"  # what was installed, written at the end


def python_of(folder: Path, tool: str) -> Path:
    """The interpreter of a tool's environment. FileNotFoundError if it was not made to the end."""
    if not (folder / tool / MADE).exists():
        raise FileNotFoundError(
            f"{folder / tool} is no whole environment: "
            f"python -m benchmarks.tabular.environments {folder}"
        )
    return folder.absolute() / tool / "bin" / "python"


def make(folder: Path, tool: str) -> None:
    """CalledProcessError if pip finds no such packages."""
    place = folder / tool
    if (place / MADE).exists():
        return
    venv.create(place, with_pip=True)
    pip = [str(place / "bin" / "python"), "-m", "pip"]
    subprocess.run([*pip, "install", "--quiet", *EXCHANGE, *PACKAGES[tool]], check=True)
    frozen = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True).stdout
    (place / MADE).write_text(frozen)


def main(
    folder: Annotated[Path, typer.Argument(help="Where the environments are made.")],
    tool: Annotated[list[str] | None, typer.Option(help="Only this one.")] = None,
) -> None:
    """Make what is missing."""
    for each in tool or PACKAGES:
        make(folder, each)
        print(python_of(folder, each), flush=True)


if __name__ == "__main__":
    sys.argv[0] = "environments.py"
    typer.run(main)
