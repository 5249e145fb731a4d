"""Write a registered model as files: python workflows/export.py --help"""

import tempfile
import warnings
from pathlib import Path
from typing import Annotated

import typer

from automl_on_ray.command_line import (
    checked,
    console,
    options,
    quiet_libraries,
    run_command,
    step,
    user_errors_to_exit_codes,
)


@checked
def export(
    model: Annotated[
        str, typer.Argument(help="models:/NAME/VERSION, models:/NAME@champion, runs:/ID/model.")
    ],
    out: Annotated[str, typer.Option(help="Folder for the files; made if it is not there.")],
    storage: Annotated[Path, typer.Option(help="Folder of the studies.")] = Path("runs"),
    tracking_uri: options.TrackingUri = None,
) -> None:
    """Write model.pt2 (torch.export), model.onnx, and network.py with weights.pt.

    The network is built again from its recipe: nothing of what the store has is run, and its
    weights are read as numbers. All files are given the same images and must answer alike, and as
    the model did when it was stored. Nothing that is there is overwritten.
    """
    from automl_on_ray.clusters import folder_named
    from automl_on_ray.tracking.store import stored_uri

    with user_errors_to_exit_codes():
        quiet_libraries()
        warnings.filterwarnings("ignore")
        place = folder_named(out, "--out")
        with step("Loading torch"):
            from automl_on_ray.tracking.reports import fetch_model
            from automl_on_ray.trainables.registered_models import (
                FILES,
                check_export,
                checked_recipe,
                rebuilt,
                write_files,
            )

        check_export(place)
        uri = stored_uri(folder_named(storage, "--storage"), tracking_uri)
        with tempfile.TemporaryDirectory() as folder:
            path, stored = fetch_model(uri, model, Path(folder))
            recipe = checked_recipe(stored, model)
            network = rebuilt(recipe, path, model)
        write_files(network, recipe, place, model)
        console.print(
            f"Wrote {', '.join(FILES)} to {place}; all answer as the model does.", soft_wrap=True
        )


if __name__ == "__main__":
    run_command(export)
