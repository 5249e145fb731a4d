"""All runs of a study, to be deleted."""

from collections.abc import Sequence

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking.store.database import database_path
from automl_on_ray.tracking.store.server import connect, find_runs, in_short, of_study


def runs_of_study(uri: str, study_id: str) -> tuple[str, ...]:
    """Ids of the study's own run and of its trials'. UserError if the store cannot be reached.

    None where nothing is stored; no database is made.
    """
    path = database_path(uri)
    if path is not None and not path.exists():
        return ()
    condition = of_study(study_id)
    try:
        return tuple(str(run.info.run_id) for run in find_runs(connect(uri), condition))
    except UserError:
        raise
    except Exception as error:  # a server's many
        raise UserError(f"MLflow at {uri} cannot be asked: {in_short(error)}") from error


def delete_runs(uri: str, ids: Sequence[str]) -> None:
    """As in MLflow's UI: hidden, until `mlflow gc` deletes them for good."""
    client = connect(uri) if ids else None
    for run_id in ids:
        assert client is not None
        try:
            client.delete_run(run_id)
        except Exception as error:
            raise UserError(f"MLflow at {uri} deletes no run: {in_short(error)}") from error
