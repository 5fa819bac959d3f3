"""A Flink session cluster on loopback, started by java alone: for tests that need no Kubernetes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import requests

from sandbox.images import distribution
from tests.class_archives import JOBMANAGER, TASKMANAGER, archives

_SESSION = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
WORKER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_OPENED = (
    "java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.lang.reflect", "java.text",
    "java.time", "java.util", "java.util.concurrent", "java.util.concurrent.atomic",
    "java.util.concurrent.locks",
)  # fmt: skip
_JAVA_17 = (
    "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
)
# a test run that is killed itself must leave no Flink behind
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
# a worker started without Flink's scripts gets no memory calculation: all parts are named
WORKER_MEMORY = {
    "taskmanager.cpu.cores": "1.0",
    "taskmanager.memory.task.heap.size": "192m",
    "taskmanager.memory.task.off-heap.size": "0m",
    "taskmanager.memory.framework.heap.size": "64m",
    "taskmanager.memory.framework.off-heap.size": "64m",
    "taskmanager.memory.network.min": "48m",
    "taskmanager.memory.network.max": "48m",
    "taskmanager.memory.managed.size": "64m",
    "taskmanager.memory.jvm-metaspace.size": "128m",
    "taskmanager.memory.jvm-overhead.min": "64m",
    "taskmanager.memory.jvm-overhead.max": "64m",
}


class LocalFlink:
    """One JobManager and one TaskManager; a context manager that leaves no process.

    ``workdir`` takes logs, settings, checkpoints and savepoints; ``config`` is added to the
    settings, ``variables`` to the environment; ``plugins`` of ``opt`` are switched on. ``url`` is
    the REST address, answering once the block is entered. Raises RuntimeError with the end of the
    logs when the cluster is not ready within ``deadline`` seconds.
    """

    def __init__(
        self,
        version: str,
        workdir: Path,
        slots: int = 4,
        config: Mapping[str, str] | None = None,
        deadline: float = 60.0,
        plugins: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.version = version
        self.workdir = workdir
        self.slots = slots
        self.url = ""
        self.savepoints = workdir / "savepoints"
        self._config = dict(config or {})
        self._deadline = deadline
        self._plugins = plugins
        self._variables = dict(variables or {})
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._archives: Path | None = None
        self._archive_option = "SharedArchiveFile"

    def __enter__(self) -> LocalFlink:
        home = distribution(self.version)
        rest, rpc = free_ports(2)
        self.url = f"http://127.0.0.1:{rest}"
        self._write_settings(rest, rpc)
        self._link_plugins(home)
        try:
            self._start("jobmanager", home, _SESSION, "-Xmx384m")
            self._start("taskmanager", home, WORKER, "-Xmx256m")
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """End every process at once (SIGKILL), as a machine that goes away would."""
        for name in list(self._processes):
            self.kill_process(name)

    def kill_process(self, name: str) -> None:
        """End ``jobmanager`` or ``taskmanager`` by SIGKILL; one that is gone is no error."""
        process = self._processes.pop(name, None)
        if process is not None:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def freeze_process(self, name: str) -> None:
        """Stop it as it is (SIGSTOP), for good: another one may be started beside it."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGSTOP)
        self._processes[f"frozen {name} {process.pid}"] = process

    def start_jobmanager(self) -> None:
        """Start the JobManager again after it was killed, and wait until it is ready.

        It has forgotten its jobs.
        """
        self._start("jobmanager", distribution(self.version), _SESSION, "-Xmx384m")
        self._wait_until_ready()

    def start_taskmanager(self) -> None:
        """Start the TaskManager again after it was killed; it registers by itself."""
        self._start("taskmanager", distribution(self.version), WORKER, "-Xmx256m")

    def logs(self, name: str) -> str:
        """What ``jobmanager`` or ``taskmanager`` has logged so far."""
        path = self.workdir / f"{name}.log"
        return path.read_text(errors="replace") if path.is_file() else ""

    def _write_settings(self, rest: int, rpc: int) -> None:
        conf = self.workdir / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        settings = {
            "jobmanager.rpc.address": "127.0.0.1",
            "jobmanager.rpc.port": str(rpc),
            "jobmanager.memory.process.size": "1000m",
            "rest.address": "127.0.0.1",
            "rest.bind-address": "127.0.0.1",
            "rest.port": str(rest),
            "taskmanager.host": "127.0.0.1",
            "taskmanager.numberOfTaskSlots": str(self.slots),
            "cluster.registration.error-delay": "500",
            "web.upload.dir": str(self.workdir / "upload"),
            "io.tmp.dirs": str(self.workdir / "tmp"),
            "state.checkpoints.dir": (self.workdir / "checkpoints").as_uri(),
            "state.savepoints.dir": self.savepoints.as_uri(),
            **WORKER_MEMORY,
            **self._config,
        }
        old = tuple(map(int, self.version.split("."))) < (1, 19)
        name = "flink-conf.yaml" if old else "config.yaml"
        (conf / name).write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
        (self.workdir / "tmp").mkdir(exist_ok=True)
        shipped = distribution(self.version) / "conf" / "log4j.properties"
        shutil.copyfile(shipped, conf / "log4j.properties")

    def _link_plugins(self, home: Path) -> None:
        for plugin in self._plugins:
            jar = f"{plugin}-{self.version}.jar"
            folder = self.workdir / "plugins" / plugin
            folder.mkdir(parents=True)
            (folder / jar).symlink_to(home / "opt" / jar)

    def _start(
        self,
        name: str,
        home: Path,
        main_class: str,
        heap: str,
        *,
        java_options: Sequence[str] = (),
        class_path: Sequence[Path] = (),
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        conf = self.workdir / "conf"
        command = [
            *_ENDS_WITH_US,
            shutil.which("java") or "java",
            heap,
            # short-lived processes on few cores: compiling hard does not pay
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            self._archive_of(main_class),
            "-Xlog:cds=off",
            "-Xlog:cds+dynamic=off",
            *_JAVA_17,
            f"-Dlog.file={self.workdir / name}.log",
            f"-Dlog4j.configurationFile={(conf / 'log4j.properties').as_uri()}",
            *java_options,
            "-cp",
            ":".join(
                [*sorted(str(jar) for jar in (home / "lib").glob("*.jar")), *map(str, class_path)]
            ),
            main_class,
            "--configDir",
            str(conf),
            *arguments,
        ]
        folders = {
            "FLINK_PLUGINS_DIR": str(self.workdir if self._plugins else home) + "/plugins",
            "FLINK_LIB_DIR": str(home / "lib"),
            "FLINK_CONF_DIR": str(conf),
        }
        with (self.workdir / f"{name}.out").open("ab") as output:
            self._processes[name] = subprocess.Popen(
                command,
                env={**os.environ, **folders, **self._variables, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _write_archives(self, into: Path) -> None:
        """Run once, and have each process write its classes as it ends."""
        with tempfile.TemporaryDirectory() as folder:
            once = LocalFlink(self.version, Path(folder))
            once._archives, once._archive_option = into, "ArchiveClassesAtExit"
            with once:
                for process in reversed(once._processes.values()):
                    os.killpg(process.pid, signal.SIGTERM)
                    process.wait(self._deadline)

    def _archive_of(self, main_class: str) -> str:
        name = TASKMANAGER if main_class == WORKER else JOBMANAGER
        if self._archives is None:
            self._archives = archives(self.version, self._write_archives)
        return f"-XX:{self._archive_option}={self._archives / name}"

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + self._deadline
        while time.monotonic() < end:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise RuntimeError(
                        f"the {name} of Flink {self.version} ended: {self._why(name)}"
                    )
            try:
                seen = requests.get(f"{self.url}/overview", timeout=2).json()
            except (requests.RequestException, ValueError):
                seen = {}
            if seen.get("slots-total", 0) >= self.slots:
                return
            time.sleep(0.1)
        raise RuntimeError(
            f"Flink {self.version} was not ready in {self._deadline:.0f} s: "
            f"{self._why('jobmanager')} / {self._why('taskmanager')}"
        )

    def _why(self, name: str) -> str:
        text = self.logs(name) + (self.workdir / f"{name}.out").read_text(errors="replace")
        causes = re.findall(r"^.*(?:Caused by|ERROR|Exception).*$", text, re.MULTILINE)
        return str(causes[-1]) if causes else "nothing in its log"


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, and that were not given to another Flink."""
    with _mutex:
        taken: list[socket.socket] = []
        found: list[int] = []
        try:
            while len(found) < count:
                taken.append(socket.socket())
                taken[-1].bind(("127.0.0.1", 0))
                port = int(taken[-1].getsockname()[1])
                found += [] if port in _given else [port]
        finally:
            for one in taken:
                one.close()
        _given.update(found)
        return found


_mutex = threading.Lock()
_given: set[int] = set()
