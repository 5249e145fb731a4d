from .backup import save as save
from .curves import (
    Recording as Recording,
    recorded_study as recorded_study,
    recorded_table as recorded_table,
)
from .database import artifact_root as artifact_root, database_path as database_path
from .mlflow_internals import (
    download as download,
    leave_checks_to_the_model as leave_checks_to_the_model,
)
from .previous_studies import (
    EarlierData as EarlierData,
    EarlierStudy as EarlierStudy,
    earlier_studies as earlier_studies,
    newest_of as newest_of,
    space_keys as space_keys,
)
from .previous_trials import (
    EarlierTrial as EarlierTrial,
    earlier_trials as earlier_trials,
    with_configs as with_configs,
    with_curves as with_curves,
)
from .server import (
    connect as connect,
    default_uri as default_uri,
    find_experiment as find_experiment,
    find_studies as find_studies,
    in_short as in_short,
    is_lost as is_lost,
    pointed_at as pointed_at,
    refusals_told as refusals_told,
    refused as refused,
    study_links as study_links,
    web_address as web_address,
)
from .store_check import check_tracking as check_tracking, stored_uri as stored_uri
from .study_runs import delete_runs as delete_runs, runs_of_study as runs_of_study
from .ui_server import (
    ui_server_command as ui_server_command,
    wait_until_healthy as wait_until_healthy,
)
