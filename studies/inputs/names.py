"""Refuses names that MLflow or a file system would refuse only after the study."""

import re

from automl_on_ray.search_spaces.core import UserError

MAX_CHARACTERS = 200  # MLflow's databases keep 256, and a folder's name gets a time behind it
SHOWN = 40
# Beside letters and digits of any language. Others have a meaning in addresses, filters or paths.
STUDY, MODEL = r"[\w .+,=()@-]", r"[\w .+,=()-]"
# What a storage holds beside studies.
RESERVED = re.compile(r"ml(flow|runs)([.-].*)?")


def check_study(name: str) -> None:
    """UserError for what cannot be a study's folder, here and in a bucket."""
    _check("--name", name, STUDY)
    if name.startswith((".", "-")) or RESERVED.fullmatch(name):
        raise UserError(f"--name {name!r} is taken for other files of a storage; choose another.")


def check_experiment(name: str) -> None:
    """UserError for what cannot be an experiment of MLflow's."""
    _check("--experiment", name, r"[^\x00-\x1f]")


def check_model(name: str | None) -> None:
    """UserError for what cannot be a registered model of MLflow's, or is not found by its URI."""
    if name is not None:
        _check("--register", name, MODEL)
        if not name.strip("."):
            raise UserError(f"--register {name!r} is a folder to MLflow; choose another.")


def model_name(prefix: str, dataset: str) -> str:
    """A name for the model of these data, whatever their file is called."""
    fit = re.sub(rf"(?!{MODEL}).", "-", f"{prefix}-{dataset}", flags=re.DOTALL)
    return fit.encode()[:MAX_CHARACTERS].decode(errors="ignore").strip()


def _check(option: str, name: str, allowed: str) -> None:
    shown = f"{name[:SHOWN]}..." if len(name) > SHOWN else name
    if not name.strip() or name != name.strip():
        raise UserError(f"{option} {shown!r} must be a name, without blanks around it.")
    if len(name) > MAX_CHARACTERS or len(name.encode(errors="replace")) > MAX_CHARACTERS:
        raise UserError(f"{option} {shown!r} is too long: {MAX_CHARACTERS} letters are the most.")
    odd = next((each for each in name if not re.match(allowed, each) or not each.isprintable()), "")
    if odd:
        raise UserError(f"{option} {shown!r} must not contain {odd!r}; choose another name.")
