"""A JVM with the guard, around a main that stands for Flink."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from flink_components.java import GUARD
from tests.flink_jobs import until
from tests.guard.lease_server import LeaseServer

QUICK = ("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m")
_TIMES = {"poll-ms": 50, "quick-poll-ms": 20, "watch-ms": 50}


def agent(server: LeaseServer, conf: Path, **arguments: object) -> str:
    """The option that puts the guard of revision 7 into a JVM."""
    given = {
        "namespace": "jobs",
        "lease": "counts-ledger",
        "revision": 7,
        "conf": conf,
        "account": server.account,
        **_TIMES,
        **{name.replace("_", "-"): value for name, value in arguments.items()},
    }
    pairs = ",".join(f"{name}={value}" for name, value in given.items() if value is not None)
    return f"-javaagent:{GUARD.built()}={pairs}"


class GuardedJvm:
    """Started on entry, and ended at exit.

    `conf` is the folder that the guard writes to; it holds an empty `config.yaml`, if nothing yet.
    """

    def __init__(
        self,
        server: LeaseServer,
        conf: Path,
        main: Path,
        class_path: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
        main_arguments: Sequence[str] = (),
        **arguments: object,
    ) -> None:
        self.conf = conf
        conf.mkdir(exist_ok=True)
        if not any(conf.iterdir()):
            (conf / "config.yaml").touch()
        path = ":".join(map(str, [main, *class_path]))
        option = agent(server, conf, **arguments)
        self._command = ["java", *QUICK, option, "-cp", path, "Waits", *main_arguments]
        self._environment = {**os.environ, **server.environment, **(environment or {})}
        self._lines: list[str] = []

    def __enter__(self) -> GuardedJvm:
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    @property
    def said(self) -> str:
        """All it has written so far."""
        return "\n".join(self._lines)

    @property
    def runs_flink(self) -> bool:
        """Whether main was reached."""
        return "main runs" in self._lines

    def wait_until_it_says(self, text: str, seconds: float = 15.0) -> None:
        """Wait for a line that holds this text."""
        until(f"{text!r} in {self.said!r}", seconds, lambda: text in self.said)

    def wait_until_flink_runs(self) -> None:
        """Wait for main."""
        self.wait_until_it_says("main runs")

    def exit_code(self, seconds: float = 15.0) -> int:
        """Wait for its end."""
        return self._process.wait(seconds)

    def options(self) -> dict[str, str]:
        """What Flink would read, from whichever file there is."""
        (file,) = [path for path in self.conf.iterdir() if path.suffix == ".yaml"]
        lines = file.read_text().splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.rstrip())
