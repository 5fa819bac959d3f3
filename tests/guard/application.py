"""A Flink in application mode on loopback, its JobManager with or without the guard."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from examples.jobs.jars import build
from sandbox.images import distribution
from tests import flink_jobs
from tests.local_flink import WORKER, LocalFlink, free_ports

_APPLICATION = "org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint"
_STATEFUL = "org.flinkcomponents.examples.StatefulV1"
CONFIG = {
    "web.refresh-interval": "200",
    "rest.cache.execution-graph.timeout": "200 ms",
    "execution.shutdown-on-application-finish": "false",
    "taskmanager.registration.timeout": "15 min",
    # without HA, a TaskManager takes a JobManager that restarted for the old one until this (ms)
    "heartbeat.interval": "1000",
    "heartbeat.timeout": "6000",
}


class LocalApplication(LocalFlink):
    """One job in application mode; processes are started and waited for one by one.

    The job counts numbers into ``output``. Leaves no process.
    """

    def __init__(
        self,
        version: str,
        workdir: Path,
        config: Mapping[str, str] | None = None,
        job_arguments: Sequence[str] = (),
    ) -> None:
        super().__init__(version, workdir, slots=1, config={**CONFIG, **(config or {})})
        self.conf = workdir / "conf"
        self.output = workdir / "output"
        self._job_arguments = list(job_arguments)

    def __enter__(self) -> LocalApplication:
        rest, rpc = free_ports(2)
        self.url = f"http://127.0.0.1:{rest}"
        self._write_settings(rest, rpc)
        return self

    def start_taskmanager(self) -> None:
        """Start the JVM of the TaskManager, and do not wait."""
        self._start(
            "taskmanager",
            distribution(self.version),
            WORKER,
            "-Xmx256m",
            class_path=[build()["stateful-v1"]],
        )

    def start_job_manager(
        self,
        java_options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        """Start the JVM of the JobManager, and do not wait."""
        self._start(
            "jobmanager",
            distribution(self.version),
            _APPLICATION,
            "-Xmx384m",
            java_options=java_options,
            class_path=[build()["stateful-v1"]],
            environment=environment,
            arguments=[
                *["--job-classname", _STATEFUL, *arguments],
                *["--output", str(self.output), "--rate", "100", *self._job_arguments],
                *["--checkpoint-interval", "200"],
            ],
        )

    @property
    def job_manager(self) -> subprocess.Popen[bytes]:
        """Its process, as it was started last."""
        return self._processes["jobmanager"]

    def said(self) -> str:
        """What the JobManager has written to its standard output."""
        path = self.workdir / "jobmanager.out"
        return path.read_text(errors="replace") if path.is_file() else ""

    def state(self, job: str) -> str:
        """The job's state; empty while nobody can be asked, or the job is not known."""
        try:
            return flink_jobs.state(self.url, job)
        except (requests.RequestException, flink_jobs.RefusedError, StopIteration, ValueError):
            return ""

    def wait_for(self, job: str, state: str, seconds: float = 60.0) -> None:
        """Wait until the job is in this state, and all its tasks run where it is RUNNING."""

        def reached() -> bool:
            return self.state(job) == state and (state != "RUNNING" or self._all_run(job))

        flink_jobs.until(f"{job} {state}", seconds, reached)

    def restored(self, job: str) -> str:
        """The path that the job says it was restored from; empty where there is none."""
        seen = requests.get(f"{self.url}/jobs/{job}/checkpoints", timeout=10).json()
        restored = (seen.get("latest") or {}).get("restored") or {}
        return str(restored.get("external_path") or "")

    def _all_run(self, job: str) -> bool:
        try:
            seen = requests.get(f"{self.url}/jobs/{job}", timeout=10).json()
        except (requests.RequestException, ValueError):
            return False
        vertices = seen.get("vertices") or [{}]
        return all(vertex.get("status") == "RUNNING" for vertex in vertices)
