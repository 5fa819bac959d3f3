"""A session job by plain REST calls: what a careful person writes where there is no package.

It makes the checks that the package makes, in the same order, and keeps no ledger.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import requests

_PAUSE = 0.025
_SECONDS = 60.0

T = TypeVar("T")


class RawError(Exception):
    """A check failed, or a wait took too long."""


class RawFlink:
    """Flink's REST API at `url`, over one session with its connections kept open."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self.stopped_at = 0.0
        """When a job was last asked to stop, by `time.perf_counter`."""
        self.all_running_at = 0.0
        """When all tasks of a new job were first seen to run."""

    def submit(self, jar: Path, args: list[str], restore: str | None = None) -> str:
        """Runs the jar and waits until the job is stable; its id."""
        return self._run(self._checked_jar(jar, args), args, restore)

    def upgrade(self, job: str, jar: Path, args: list[str], directory: str) -> str:
        """Stops the job with a savepoint in `directory` and runs the jar from there; its id."""
        if self._status(job) != "RUNNING":
            raise RawError(f"{job} is {self._status(job)}")
        jar_id = self._checked_jar(jar, args)
        savepoint = self._stop(job, directory)
        self._until(f"the end of {job}", lambda: self._status(job) == "FINISHED" or None)
        return self._run(jar_id, args, savepoint)

    def cancel(self, job: str) -> None:
        """Cancels the job and waits for its end."""
        self._call("PATCH", f"/jobs/{job}?mode=cancel")
        self._until(f"the end of {job}", lambda: self._status(job) == "CANCELED" or None)

    def _checked_jar(self, jar: Path, args: list[str]) -> str:
        """The id of the jar, uploaded where it is missing, after a dry run of its `main`."""
        known = [file["id"] for file in self._call("GET", "/jars")["files"]]
        found = next((jar_id for jar_id in known if jar_id.endswith(f"_{jar.name}")), None)
        jar_id = found or self._upload(jar)
        self._call("POST", f"/jars/{jar_id}/plan", {"programArgsList": args})
        return jar_id

    def _upload(self, jar: Path) -> str:
        with jar.open("rb") as file:
            part = {"jarfile": (jar.name, file, "application/java-archive")}
            answer = self._session.post(f"{self._url}/jars/upload", files=part, timeout=_SECONDS)
        answer.raise_for_status()
        return str(answer.json()["filename"]).rsplit("/", 1)[-1]

    def _stop(self, job: str, directory: str) -> str:
        """Where the savepoint is."""
        self.stopped_at = time.perf_counter()
        body = {"targetDirectory": directory, "drain": False, "formatType": "NATIVE"}
        request = self._call("POST", f"/jobs/{job}/stop", body)["request-id"]
        operation = self._result(f"/jobs/{job}/savepoints/{request}")
        return str(operation["location"])

    def _run(self, jar_id: str, args: list[str], restore: str | None) -> str:
        body: dict[str, Any] = {"programArgsList": args}
        if restore is not None:
            body |= {"savepointPath": restore, "claimMode": "NO_CLAIM"}
        job = str(self._call("POST", f"/jars/{jar_id}/run", body)["jobid"])
        self._until(f"{job} RUNNING", lambda: self._all_running(job))
        self.all_running_at = time.perf_counter()
        if restore is not None:
            self._until(f"{restore} in {job}", lambda: self._restored(job) == restore or None)
        trigger = uuid.uuid4().hex
        body = {"checkpointType": "CONFIGURED", "triggerId": trigger}
        self._call("POST", f"/jobs/{job}/checkpoints", body)
        self._result(f"/jobs/{job}/checkpoints/{trigger}")
        return job

    def _status(self, job: str) -> str:
        return str(self._call("GET", f"/jobs/{job}/status")["status"])

    def _all_running(self, job: str) -> bool | None:
        seen = self._call("GET", f"/jobs/{job}")
        if seen["state"] in ("FAILED", "CANCELED", "FINISHED"):
            raise RawError(f"{job} is {seen['state']}")
        states = {vertex["status"] for vertex in seen["vertices"]}
        return (seen["state"] == "RUNNING" and states == {"RUNNING"}) or None

    def _restored(self, job: str) -> str | None:
        latest = self._call("GET", f"/jobs/{job}/checkpoints")["latest"] or {}
        restored = latest.get("restored") or {}
        return restored.get("external_path")

    def _result(self, path: str) -> dict[str, Any]:
        """What an operation has led to, once it is completed."""

        def look() -> dict[str, Any] | None:
            seen = self._call("GET", path)
            return seen["operation"] if seen["status"]["id"] == "COMPLETED" else None

        operation = self._until(path, look)
        failure = operation.get("failure-cause") or operation.get("failureCause")
        if failure:
            raise RawError(failure["stack-trace"])
        return operation

    def _until(self, what: str, look: Callable[[], T | None]) -> T:
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            seen = look()
            if seen is not None:
                return seen
            time.sleep(_PAUSE)
        raise RawError(f"{what}: not within {_SECONDS:.0f} s")

    def _call(self, method: str, path: str, body: object = None) -> Any:
        answer = self._session.request(method, self._url + path, json=body, timeout=_SECONDS)
        if not answer.ok:
            raise RawError(answer.text)
        return answer.json() if answer.content else {}
