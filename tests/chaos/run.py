"""A study of 20 trials to which everything happens that can: python -m tests.chaos.run --seed 1

With `--scheduler pbt` they are a population, in which trials take over others' checkpoints.

Real processes: a Ray cluster of a head and two nodes, an MLflow server, the study's driver. Drawn
from the seed: the driver, a trial's process, a node or the server is killed; the disk is full for a
while (as root, on a file system in memory); the newest checkpoint is cut in half. The same command
is run again until the study has ended; then `check` says what is not as it should be.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from ray.cluster_utils import Cluster

from tests.chaos.checks import check
from tests.chaos.steady import EPOCHS
from tests.helpers.waiting import free_port, listens, wait_until

ROOT = Path(__file__).parents[2]
TRIALS, DISK = 20, "64m"
MAX_RUNS = 12  # of the command
SCHEDULERS = {
    "asha": ["--scheduler", "asha"],
    "pbt": ["--scheduler", "pbt", "--explore", "perturb", "--interval", "2"],
}


class Chaos:
    """The world in which the study runs, and what can happen to it."""

    def __init__(self, seed: int, folder: Path, scheduler: str) -> None:
        self.scheduler = scheduler
        self.random = random.Random(seed)
        self.folder, self.storage = folder, folder / "runs"
        self.storage.mkdir()
        self.mounted = os.geteuid() == 0 and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(self.storage)],
            check=False, capture_output=True,
        ).returncode  # fmt: skip
        self.port = free_port()
        self.happened: Counter[str] = Counter()
        self.codes: list[int] = []
        environment = {
            "PYTHONPATH": str(ROOT), "RAY_ADDRESS": "", "MLFLOW_TRACKING_URI": "",
            # Of no use here, and eight processes more at each start of the server.
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }  # fmt: skip
        self.environment = {**os.environ, **environment}
        os.environ.update(environment)  # the nodes' too
        self.cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        self.nodes: list[Any] = [self.cluster.add_node(num_cpus=1) for _ in range(2)]
        self.server = self.start_server()
        self.driver = self.start_driver()

    # What runs

    def start_server(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1",
            "--port", str(self.port), "--workers", "1",
            "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db",
            "--artifacts-destination", str(self.folder / "artifacts"),
        ]  # fmt: skip
        with (self.folder / "server.log").open("ab") as log:
            server = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(lambda: listens(self.port), process=server)
        return server

    def start_driver(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, str(ROOT / "workflows" / "hpo.py"), "--address", self.cluster.address,
            "--storage", str(self.storage), "--name", "chaos",
            "--tracking-uri", f"http://127.0.0.1:{self.port}",
            "--trainable", "tests.chaos.steady:Steady", "--space", "tests.chaos.steady:SPACE",
            "--objective", "score", "--searcher", "sobol", *SCHEDULERS[self.scheduler],
            "--trials", str(TRIALS), "--epochs", str(EPOCHS), "--slots", "2",
            "--cpus-per-trial", "1", "--max-failures", "20", "--final-seeds", "0",
        ]  # fmt: skip
        with (self.folder / "driver.log").open("ab") as log:
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    # What happens

    def kill_driver(self) -> None:
        self.driver.kill()
        self.driver.wait()
        self.driver = self.start_driver()

    def kill_driver_and_cut_the_newest_checkpoint(self) -> None:
        self.driver.kill()
        self.driver.wait()
        files = sorted(self.storage.glob("chaos/search/*/checkpoint_*/steps.json"), key=changed)
        if files:
            os.truncate(files[-1], 0)
        self.driver = self.start_driver()

    def kill_trial(self) -> None:
        found = [p for p in psutil.process_iter(["cmdline"]) if is_trial(p)]
        if found:
            self.random.choice(found).kill()

    def kill_node(self) -> None:
        node = self.nodes.pop(self.random.randrange(len(self.nodes)))
        self.cluster.remove_node(node, allow_graceful=False)
        time.sleep(self.random.uniform(0, 3))
        self.nodes.append(self.cluster.add_node(num_cpus=1))

    def stop_server(self) -> None:
        self.end_server()
        time.sleep(self.random.uniform(1, 6))
        self.server = self.start_server()

    def fill_disk(self) -> None:
        filler = self.storage / "filler"
        with filler.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
            except OSError:
                pass
        time.sleep(self.random.uniform(1, 3))
        filler.unlink()

    # To the end

    def run(self, seconds: float) -> None:
        """Let things happen until the study has ended, and run its command once more.

        What was in the journal when it ended without a server is sent then, as the command says.
        """
        self._let_happen(seconds)
        self.driver = self.start_driver()
        self.codes.append(self.driver.wait(timeout=240))

    def _let_happen(self, seconds: float) -> None:
        """For so long at most, then run the command until it ends by itself."""
        kinds: list[Callable[[], None]] = [
            self.kill_driver, self.kill_driver_and_cut_the_newest_checkpoint, self.kill_trial,
            self.kill_node, self.stop_server,
        ]  # fmt: skip
        if self.mounted:
            kinds.append(self.fill_disk)
        end, left = time.monotonic() + seconds, []
        while time.monotonic() < end:
            time.sleep(self.random.uniform(2, 7))
            if self.driver.poll() is not None:
                self.codes.append(self.driver.returncode)
                if self.driver.returncode in (0, 1):
                    return
                self.driver = self.start_driver()
            left = left or self.random.sample(kinds, len(kinds))  # each before one comes again
            what = left.pop()
            what()
            self.happened[what.__name__] += 1
        for _ in range(MAX_RUNS):
            self.codes.append(self.driver.wait(timeout=240))
            if self.codes[-1] in (0, 1):
                return
            self.driver = self.start_driver()

    def end_server(self) -> None:
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

    def close(self) -> None:
        if self.driver.poll() is None:
            self.driver.kill()
        self.end_server()
        self.cluster.shutdown()
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.storage)], check=False)


def is_trial(process: psutil.Process) -> bool:
    try:
        return any(word.startswith("ray::Steady") for word in process.info["cmdline"] or [])
    except psutil.Error:
        return False


def changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # deleted meanwhile
        return 0.0


def main(
    seed: Annotated[int, typer.Option(help="Of all that happens.")] = 0,
    seconds: Annotated[float, typer.Option(help="For how long things happen.")] = 60.0,
    scheduler: Annotated[str, typer.Option(help="asha or pbt")] = "asha",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the folder.")] = False,
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    began = time.monotonic()
    chaos = Chaos(seed, folder, scheduler)
    try:
        chaos.run(seconds)
        wrong = check(f"http://127.0.0.1:{chaos.port}", chaos.storage / "chaos", TRIALS, scheduler)
    finally:
        chaos.close()
    happened = ", ".join(f"{name} {count}" for name, count in sorted(chaos.happened.items()))
    print(
        f"{scheduler}, seed {seed}: {time.monotonic() - began:.0f} s; {happened}; "
        f"exit codes {chaos.codes}"
    )
    for line in wrong:
        print(f"  WRONG: {line}")
    if wrong or keep:
        print(f"  kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    typer.run(main)
