"""--notify: one command at a study's end, whatever the end."""

import json
import shlex
import shutil
import sys

import pytest

from automl_on_ray.command_line import INTERRUPTED
from automl_on_ray.studies.finish import Notice
from automl_on_ray.studies.hpo import HpoSettings
from automl_on_ray.studies.hpo.plan import prepare
from tests.helpers.studies import ONE, OWN, rows_of, run

VARIABLES = "import json, os, sys; v = {k: os.environ[k] for k in os.environ if 'AUTOML_' in k}; "


def keeping(file, more=""):
    """A command that writes its variables into a file."""
    code = f"{VARIABLES}open({str(file)!r}, 'w').write(json.dumps(v)); {more}"
    return shlex.join([sys.executable, "-c", code])


def ended(tmp_path, template, error, command, seconds=30.0):
    shutil.copy(template, tmp_path)
    asked = HpoSettings(
        trainable="tests.helpers.crashing:Steady", space="tests.helpers.crashing:SPACE",
        objective="score", storage=str(tmp_path), name="told", notify=command,
        tracking_uri=f"sqlite:///{tmp_path}/mlflow.db",
    )  # fmt: skip
    plan = prepare(asked)
    with plan.study, Notice(seconds) as notice:
        notice.plan = plan
        if error is not None:
            raise error


@pytest.mark.parametrize(
    ("error", "code", "state"),
    [
        (None, "0", "finished"),
        (SystemExit(4), "4", "finished"),
        (SystemExit(1), "1", "error"),
        (SystemExit(INTERRUPTED), "130", "interrupted"),
        (SystemExit(3), "3", "error"),
        (RuntimeError("a mistake of ours"), "1", "error"),
    ],
    ids=str,
)
def test_the_end_is_told_and_stays_what_it_is(error, code, state, template, tmp_path):
    command = keeping(tmp_path / "told.json")
    if error is None:
        ended(tmp_path, template, error, command)
    else:
        with pytest.raises(type(error)) as raised:
            ended(tmp_path, template, error, command)
        assert raised.value is error
    told = json.loads((tmp_path / "told.json").read_text())
    assert (told["AUTOML_NAME"], told["AUTOML_EXIT_CODE"], told["AUTOML_STATE"]) == (
        "told", code, state,
    )  # fmt: skip
    assert (told["AUTOML_BEST"], told["AUTOML_SUMMARY"]) == ("", "")


@pytest.mark.parametrize(
    ("command", "seconds", "said"),
    [
        ("exit 7", 30.0, "has failed with exit code 7"),
        ("/nowhere/program", 30.0, "has failed with exit code 127"),
        (shlex.join([sys.executable, "-c", "import time; time.sleep(600)"]), 0.2, "after 0.2 s"),
    ],
)
def test_a_command_that_fails_or_hangs_is_told_in_a_line(
    command, seconds, said, template, tmp_path, capfd
):
    ended(tmp_path, template, None, command, seconds)
    lines = [line for line in capfd.readouterr().err.splitlines() if "--notify" in line]
    assert len(lines) == 1
    assert said in lines[0]


def test_a_finished_study_tells_what_it_found(ray_cluster, storage, tmp_path):
    done = run(
        storage, "found", *OWN, *ONE, "--trainable", "tests.helpers.crashing:Crashing", "--trials",
        2, "--searcher", "sobol", "--scheduler", "fifo", "--max-failures", 0,
        "--notify", keeping(tmp_path / "told.json", "sys.exit(5)"),
    )  # fmt: skip
    assert done.exit_code == 1, done.output  # of its failed trials
    assert "has failed with exit code 5" in done.stderr
    told = json.loads((tmp_path / "told.json").read_text())
    best = max(
        (row for row in rows_of(storage, "found") if row["outcome"] == "completed"),
        key=lambda row: row["metrics"]["score"],
    )
    assert told["AUTOML_STATE"] == "failed trials"
    assert float(told["AUTOML_BEST"]) == best["metrics"]["score"]
    assert json.loads(told["AUTOML_BEST_CONFIG"]) == best["config"]
    assert told["AUTOML_SUMMARY"] == str(storage / "found" / "summary.json")
