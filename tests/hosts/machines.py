"""Machines on this one: namespaces with addresses, processes, disks and an sshd of their own.

    python -m tests.hosts.machines     # three and a laptop; a shell there; all end with it

Nothing is left behind, and no traffic leaves: the switch between them is in a namespace too. All
of it is held by child processes and ends with them, also when this process is killed.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from tests.helpers.waiting import wait_until

ROOT = Path(__file__).parents[2]
LAPTOP = "laptop"
ADDRESSES = {LAPTOP: "10.99.0.1", "h0": "10.99.0.10", "h1": "10.99.0.11", "h2": "10.99.0.12"}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NEEDED = ("bash", "curl", "ip", "nsenter", "rsync", "setpriv", "ssh", "ssh-keygen", "sshd",
          "unshare")  # fmt: skip
# With the process that starts them, also if that is killed.
MORTAL = ("setpriv", "--pdeathsig", "KILL")
NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid")
SSHD = """
HostKey {disk}/host_key
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
MaxSessions 64
MaxStartups 64
"""
# A copy of the repository is none of what tools and studies leave in it.
LEFT_OUT = shutil.ignore_patterns(".git", ".*_cache", ".hypothesis", ".venv", "__pycache__",
                                  "build", "mlruns", "runs")  # fmt: skip
SCRIPT = """#!/root/automl-venv/bin/python
import sys
from {module} import {function}
sys.exit({function}())
"""


def missing() -> str:
    """What keeps this machine from being several; empty if nothing does."""
    if os.geteuid() != 0:
        return "needs root, for namespaces"
    lacking = [name for name in NEEDED if not shutil.which(name, path=PATH)]
    if lacking:
        return f"needs {', '.join(lacking)} (openssh-server, rsync, iproute2, util-linux, curl)"
    tried = subprocess.run(
        ["unshare", *NAMESPACES, "--fork", "--mount-proc", "ip", "link", "add", "type", "veth"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"may make no namespaces: {tried.stderr.strip()}" if tried.returncode else ""


class Host:
    """A machine. Its `disk` has what is `/root` and `/tmp` there."""

    def __init__(self, name: str, disk: Path, shared: Path) -> None:
        self.name, self.address, self.disk = name, ADDRESSES[name], disk
        self.home = disk / "root"
        self._prepare()
        self._log = disk / "sshd.log"
        with self._log.open("wb") as log:
            self._holder = subprocess.Popen(
                [*MORTAL, "unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc",
                 "bash", Path(__file__).with_name("init.sh"), name, disk, shared, *python()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"PATH": PATH},
            )  # fmt: skip
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        wait_until(lambda: bool(children.read_text().split()), 10)
        self.init = int(children.read_text().split()[0])
        self._namespace = os.readlink(f"/proc/{self.init}/ns/pid")

    def _prepare(self) -> None:
        (self.home / ".ssh").mkdir(parents=True)
        (self.disk / "tmp").mkdir()
        (self.disk / "tmp").chmod(0o1777)
        (self.home / ".bashrc").touch()
        names = "".join(f"{address} {name}\n" for name, address in ADDRESSES.items())
        (self.disk / "hosts").write_text(f"127.0.0.1 localhost\n{names}")
        (self.disk / "sshd_config").write_text(SSHD.format(disk="/run/disk"))
        make_key(self.disk / "host_key")

    def wait(self) -> None:
        """Until one can log in."""
        wait_until(lambda: b"Server listening" in self._log.read_bytes(), 10)

    def command(self, line: str) -> list[str]:
        """That runs `line` here, as in a login of the user's."""
        enter = ["nsenter", "--target", str(self.init), *NAMESPACES, "env", "--ignore-environment"]
        user = ["HOME=/root", "USER=root", "LANG=C.UTF-8", f"PATH={PATH}"]
        return [*enter, *user, "bash", "-c", f"cd && . ~/.bashrc && {line}"]

    def start(self, line: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(line), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, line: str, *, timeout: float = 120) -> str:
        """What it says; AssertionError with that if it fails."""
        done = subprocess.run(
            self.command(line), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{self.name}: {line}\n{done.stdout}"
        return done.stdout

    def processes(self) -> list[psutil.Process]:
        """All here but those of sshd."""
        found = []
        for process in psutil.process_iter(["name", "cmdline", "status"]):
            with suppress(OSError):
                here = os.readlink(f"/proc/{process.pid}/ns/pid") == self._namespace
                ended = process.info["status"] == psutil.STATUS_ZOMBIE
                if here and not ended and not process.info["name"].startswith("sshd"):
                    found.append(process)
        return found

    def kill(self, words: str) -> None:
        """All processes with these words in their command line, at once; there must be one."""
        found = [p for p in self.processes() if words in " ".join(p.info["cmdline"] or [])]
        assert found, f"no {words} on {self.name}"
        for process in found:
            process.kill()

    def install(self) -> None:
        """`~/automl-venv`, which has what this Python has; the repository is installed by `ray up`.

        As there is no internet, pip is told to do without: all that it looks for is there.
        """
        self.run(f"{os.path.realpath(sys.executable)} -m venv --without-pip ~/automl-venv")
        place = self.home / "automl-venv"
        (libraries,) = place.glob("lib/python*/site-packages")
        # Files like this one in a folder that it names are not read: no editable installation is.
        (libraries / "ready.pth").write_text(f"{packages()}\n")
        for name, module, function in (
            ("ray", "ray.scripts.scripts", "main"), ("mlflow", "mlflow.cli", "cli"),
        ):  # fmt: skip
            (place / "bin" / name).write_text(SCRIPT.format(module=module, function=function))
            (place / "bin" / name).chmod(0o755)
        with (self.home / ".bashrc").open("a") as settings:
            settings.write("export PIP_NO_INDEX=1 PIP_NO_BUILD_ISOLATION=0\n")

    def kill_all(self) -> None:
        """As if it were switched off."""
        self._holder.kill()

    def end(self) -> None:
        """Until nothing of it is left."""
        self.kill_all()
        self._holder.wait()
        wait_until(lambda: not Path(f"/proc/{self.init}").exists(), 30)


class Machines:
    """The laptop, h0, h1 and h2, on one switch; `~/nfs` is one folder on all of them."""

    def __init__(self, folder: Path) -> None:
        self.shared = folder / "nfs"
        self.shared.mkdir(parents=True)
        self._folder = folder
        self._hosts: dict[str, Host] = {}
        self._switch = subprocess.Popen([*MORTAL, "unshare", "--net", "sleep", "infinity"])
        try:
            own = os.readlink("/proc/self/ns/net")
            switch = Path(f"/proc/{self._switch.pid}/ns/net")
            wait_until(lambda: os.readlink(switch) != own, 10)
            self._net("link add switch type bridge")
            self._net("link set switch up")
            for name in ADDRESSES:
                self._hosts[name] = Host(name, folder / name, self.shared)
                self._connect(self._hosts[name])
            self._set_up_laptop()
            for host in self._hosts.values():
                self._ready(host)
        except BaseException:
            self.close()
            raise

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _net(self, line: str, inside: int | None = None) -> None:
        """`ip` with these words, in the switch or in the namespace of a process."""
        enter = ["nsenter", "--target", str(inside or self._switch.pid), "--net"]
        subprocess.run([*enter, "ip", *line.split()], check=True, env={"PATH": PATH})

    def _connect(self, host: Host) -> None:
        # The same for whoever takes its place: others know it for minutes, and nobody tells them.
        mac = "02:00:" + ":".join(f"{int(part):02x}" for part in host.address.split("."))
        self._net(f"link add {host.name} type veth peer name eth0 address {mac} netns {host.init}")
        self._net(f"link set {host.name} master switch up")
        self._net(f"address add {host.address}/24 dev eth0", inside=host.init)
        self._net("link set eth0 up", inside=host.init)

    def _ready(self, host: Host) -> None:
        """It can be logged in to with the laptop's key, and has Python."""
        key = self[LAPTOP].home / ".ssh" / "automl.pem.pub"
        shutil.copy(key, host.home / ".ssh" / "authorized_keys")
        host.wait()
        host.install()

    def _set_up_laptop(self) -> None:
        """The repository, and a key for all machines."""
        laptop = self[LAPTOP]
        shutil.copytree(ROOT, laptop.home / "automl", symlinks=True, ignore=LEFT_OUT)
        (laptop.home / ".bashrc").write_text("export PATH=~/automl-venv/bin:$PATH; cd ~/automl\n")
        make_key(laptop.home / ".ssh" / "automl.pem")

    def replace(self, name: str) -> None:
        """Another machine in the place of this one, at its address, with an empty disk."""
        self[name].end()
        with suppress(subprocess.CalledProcessError):  # it goes by itself, sooner or later
            self._net(f"link delete {name}")
        disk = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._folder))
        self._hosts[name] = Host(name, disk, self.shared)
        self._connect(self._hosts[name])
        self._ready(self._hosts[name])

    def cut(self, name: str) -> None:
        """Take the cable out: nobody is told, nothing arrives."""
        self._net(f"link set {name} down")

    def mend(self, name: str) -> None:
        self._net(f"link set {name} up")

    def close(self) -> None:
        for host in self._hosts.values():
            host.kill_all()  # together, since each takes seconds to end
        for host in self._hosts.values():
            host.end()
        self._switch.kill()
        self._switch.wait()


def python() -> list[str]:
    """Folders that this Python is in."""
    return [os.path.realpath(sys.base_prefix), packages()]


def packages() -> str:
    return os.path.realpath(sysconfig.get_path("purelib"))


def make_key(path: Path) -> None:
    words: list[Any] = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path]
    subprocess.run(words, check=True)


if __name__ == "__main__":
    if reason := missing():
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as scratch, Machines(Path(scratch)) as machines:
        subprocess.run(machines[LAPTOP].command("exec bash -i"), check=False)
