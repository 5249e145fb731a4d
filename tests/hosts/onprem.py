"""What is done on the machines, as docs/cluster.md tells it, and what is seen of it there."""

import json
import re
import shlex
import subprocess
from collections import Counter

from tests.clusters.files import filled
from tests.helpers.waiting import wait_until
from tests.hosts.machines import ADDRESSES, LAPTOP, Machines

CLUSTER = "cluster-onprem.yaml"
WORKERS = {ADDRESSES["h1"], ADDRESSES["h2"]}
VALUES = {
    "FILL_IN_HEAD_ADDRESS": ADDRESSES["h0"],
    "FILL_IN_WORKER_ADDRESSES": ", ".join(sorted(WORKERS)),
    "FILL_IN_USER": "root",
    "FILL_IN_STORAGE": "s3://studies",
}
S3 = f"http://{ADDRESSES[LAPTOP]}:5555"  # where no test breaks anything
# As docs/cluster.md tells it for a bucket of one's own.
FOR_S3 = (
    f"export AWS_ENDPOINT_URL={S3} AWS_DEFAULT_REGION=us-east-1"
    " AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none\n"
)
# Losses are noticed after seconds, not a minute; and states and MLflow's copy are younger.
IMPATIENT = (
    "export RAY_health_check_timeout_ms=3000 RAY_health_check_failure_threshold=3"
    " AUTOSCALER_HEARTBEAT_TIMEOUT_S=10 AUTOML_BACKUP_SECONDS=1 TUNE_GLOBAL_CHECKPOINT_S=1\n"
)


def prepare(machines: Machines) -> None:
    """All but `ray up`: settings of the machines, the filled in file, and the bucket."""
    for name in ("h0", "h1", "h2"):
        set_up(machines, name)
    start = "ray start --address=$RAY_HEAD_IP:6379"
    text = filled.text(CLUSTER, VALUES)
    assert start in text
    given = text.replace(start, f"{start} --num-gpus=2")
    (machines[LAPTOP].home / "automl" / CLUSTER).write_text(given)
    with (machines[LAPTOP].home / ".bashrc").open("a") as settings:
        settings.write("export RAY_UP_enable_autoscaler_v2=0\n")
    machines[LAPTOP].start(
        f"exec python -m moto.server -H {ADDRESSES[LAPTOP]} -p 5555 > ~/moto.log 2>&1"
    )
    ready = "--retry 60 --retry-connrefused --retry-delay 1"
    machines[LAPTOP].run(f"curl -fsS {ready} -X PUT {S3}/studies")


def set_up(machines: Machines, name: str) -> None:
    with (machines[name].home / ".bashrc").open("a") as settings:
        settings.write(FOR_S3 + IMPATIENT)


def up(machines: Machines) -> None:
    machines[LAPTOP].run(f"ray up -y {CLUSTER}", timeout=300)


def alive(machines: Machines) -> set[str]:
    told = json.loads(machines["h0"].run("curl -fsS http://127.0.0.1:8265/api/v0/nodes"))
    nodes = told["data"]["result"]["result"]
    return {node["node_ip"] for node in nodes if node["state"] == "ALIVE"}


def submit(machines: Machines, workflow: str, *arguments: object) -> subprocess.Popen[str]:
    line = shlex.join(str(word) for word in arguments)
    return machines[LAPTOP].start(f"ray submit {CLUSTER} workflows/{workflow} -- {line}")


def told(name: str, *, trials: int, epochs: int, **options: object) -> list[object]:
    """Arguments of a study of `Told`, a trainable of the user's own in the repository's root."""
    given = {"name": name, "trials": trials, "epochs": epochs, "final-seeds": 0, **options}
    return [
        "--trainable", "tests.hosts.told:Told", "--space", "tests.hosts.told:SPACE",
        "--objective", "score", "--searcher", "random", "--scheduler", "fifo",
        *(word for key, value in given.items() for word in (f"--{key}", value)),
    ]  # fmt: skip


def ended(process: subprocess.Popen[str]) -> str:
    output = process.communicate(timeout=280)[0]
    assert process.returncode == 0, output
    return output


def parsed(text: str) -> list[dict]:
    """Of a result.json, which may be just being written."""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def by_trial(texts) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for report in (report for text in texts for report in parsed(text)):
        found.setdefault(report["trial_id"], []).append(report)
    return found


def reports(machines: Machines, name: str) -> dict[str, list[dict]]:
    """What each trial of a study on NFS has told, by its id."""
    return by_trial(
        path.read_text() for path in machines.shared.glob(f"{name}/search/*/result.json")
    )


def wait_for_reports(machines: Machines, name: str, process, count: int) -> None:
    """Until so many have come from each worker."""

    def enough() -> bool:
        assert process.poll() is None, process.communicate()[0]
        seen = Counter(r["node_ip"] for each in reports(machines, name).values() for r in each)
        return all(seen[worker] >= count for worker in WORKERS)

    wait_until(enough, 120)


def in_bucket(machines: Machines, prefix: str) -> list[str]:
    """Keys that begin with it."""
    found: list[str] = []
    while True:
        after = f"&start-after={found[-1]}" if found else ""
        url = f"{S3}/studies?list-type=2&prefix={prefix}{after}"
        page = re.findall("<Key>([^<]*)</Key>", machines[LAPTOP].run(f"curl -fsS '{url}'"))
        found += page
        if len(page) < 1000:
            return found


def read_bucket(machines: Machines, key: str) -> str:
    return machines[LAPTOP].run(f"curl -fsS '{S3}/studies/{key}'")


def reports_in_bucket(machines: Machines, name: str) -> dict[str, list[dict]]:
    keys = [key for key in in_bucket(machines, f"{name}/") if key.endswith("/result.json")]
    return by_trial(read_bucket(machines, key) for key in keys)


def checkpoints_in_bucket(machines: Machines, name: str) -> dict[str, int]:
    """The number of each trial's newest checkpoint, by its folder."""
    found: dict[str, int] = {}
    for key in in_bucket(machines, f"{name}/"):
        if seen := re.search(r"/search/([^/]+)/checkpoint_(\d+)/", key):
            found[seen[1]] = max(int(seen[2]), found.get(seen[1], 0))
    return found


def state_in_bucket(machines: Machines, name: str) -> str:
    """Which one of the search it is; empty before the first."""
    keys = in_bucket(machines, f"{name}/")
    found = next((key for key in keys if key.endswith("/search/kept.tar")), "")
    if not found:
        return ""
    head = machines[LAPTOP].run(f"curl -fsSI '{S3}/studies/{found}'")
    return next(line for line in head.splitlines() if line.lower().startswith("etag"))


def ask_mlflow(machines: Machines, what: str, **asked: object) -> list[dict]:
    """The server on the head answers its own machine only."""
    where = f"http://127.0.0.1:5000/api/2.0/mlflow/{what}/search"
    answer = machines["h0"].run(
        f"curl -fsS -H 'Content-Type: application/json' {where} -d {shlex.quote(json.dumps(asked))}"
    )
    return json.loads(answer).get(what, [])


def runs(machines: Machines, name: str) -> list[dict]:
    """All of study `name`: their ids, and their tags by name."""
    ids = [each["experiment_id"] for each in ask_mlflow(machines, "experiments", max_results=99)]
    found = [
        {"id": run["info"]["run_id"]} | {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        for run in ask_mlflow(machines, "runs", experiment_ids=ids, max_results=999)
    ]
    (study,) = {
        each["automl.study_id"] for each in found
        if each["automl.role"] == "study" and each["mlflow.runName"] == name
    }  # fmt: skip
    return [each for each in found if each["automl.study_id"] == study]


def check_tracked(machines: Machines, name: str, trials: int) -> list[str]:
    """Each trial has one run, which tells that it was completed. Their ids."""
    found = [run for run in runs(machines, name) if run["automl.role"] == "trial"]
    assert len({run["automl.trial_id"] for run in found}) == len(found) == trials
    assert {run["automl.outcome"] for run in found} == {"completed"}
    return [run["id"] for run in found]


def steps(machines: Machines, run: str, metric: str) -> list[int]:
    """At which MLflow has a value of it."""
    where = "http://127.0.0.1:5000/api/2.0/mlflow/metrics/get-history"
    answer = machines["h0"].run(f"curl -fsS '{where}?run_id={run}&metric_key={metric}'")
    return sorted(each.get("step", 0) for each in json.loads(answer)["metrics"])


def commands(machines: Machines) -> dict[str, list[str]]:
    """What runs on each machine."""
    return {
        name: [" ".join(one.info["cmdline"] or [one.name()]) for one in machines[name].processes()]
        for name in ADDRESSES
    }
