"""Plain REST calls on a Flink, for tests that need a job but not the package under test."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import requests

_T = TypeVar("_T")


class RefusedError(Exception):
    """Flink answered with an error; the text is its last cause."""


def until(what: str, seconds: float, look: Callable[[], _T | None]) -> _T:
    """Return the first answer of ``look`` that is not None or False, asked every 50 ms.

    Raises AssertionError "<what> did not happen" after so many seconds.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seen = look()
        if seen is not None and seen is not False:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen in {seconds:.0f} s")


def run(
    url: str,
    jar: Path,
    args: Sequence[str],
    savepoint: str | None = None,
    allow_non_restored: bool = False,
    parallelism: int = 1,
    config: Mapping[str, str] | None = None,
) -> str:
    """Upload a jar, run it, and return the job id. Raises RefusedError when Flink refuses.

    `config` are options of this job alone (Flink 1.17 or later).
    """
    with jar.open("rb") as file:
        part = {"jarfile": (jar.name, file, "application/java-archive")}
        uploaded = _answer(requests.post(f"{url}/jars/upload", files=part, timeout=30))
    jar_id = uploaded["filename"].rsplit("/", 1)[1]
    body: dict[str, Any] = {"programArgsList": list(args), "parallelism": parallelism}
    if config:
        body["flinkConfiguration"] = dict(config)
    if savepoint is not None:
        body |= {"savepointPath": savepoint, "allowNonRestoredState": allow_non_restored}
    answer = _answer(requests.post(f"{url}/jars/{jar_id}/run", json=body, timeout=60))
    return str(answer["jobid"])


def state(url: str, job: str) -> str:
    """The job's state now (the overview is not cached, the job's own page is)."""
    jobs = _answer(requests.get(f"{url}/jobs/overview", timeout=10))["jobs"]
    return next(str(one["state"]) for one in jobs if one["jid"] == job)


def wait_for(url: str, job: str, wanted: str, seconds: float = 30.0) -> None:
    """Wait until the job is in this state."""
    until(f"job {wanted}", seconds, lambda: state(url, job) == wanted)


def stop(url: str, job: str, directory: Path, form: str | None = None) -> str:
    """Stop with a savepoint in this directory, and return its path.

    `form` is NATIVE or CANONICAL, by default Flink's (CANONICAL).
    """
    body: dict[str, Any] = {"targetDirectory": directory.as_uri(), "drain": False}
    if form is not None:
        body["formatType"] = form
    request = _answer(requests.post(f"{url}/jobs/{job}/stop", json=body, timeout=10))["request-id"]
    return until("savepoint", 30, lambda: _location(url, job, request))


def cancel(url: str, job: str) -> None:
    """Ask for the job to be cancelled; one that has ended is no error."""
    requests.patch(f"{url}/jobs/{job}?mode=cancel", timeout=10)


def cancel_all(url: str) -> None:
    """Cancel every job, and wait until none is left."""
    ended = {"FINISHED", "FAILED", "CANCELED"}

    def left() -> list[str]:
        jobs = _answer(requests.get(f"{url}/jobs/overview", timeout=10))["jobs"]
        return [str(one["jid"]) for one in jobs if one["state"] not in ended]

    for job in left():
        cancel(url, job)
    until("end of all jobs", 30, lambda: not left())


def last_cause(url: str, job: str) -> str | None:
    """The innermost reason for which the job failed last, None if it has not."""
    trace = _trace(url, job)
    return _innermost(trace) if trace else None


def causes(url: str, job: str) -> str | None:
    """All the reasons for which the job failed last, the innermost first; None if it has not."""
    trace = _trace(url, job)
    if not trace:
        return None
    found = [line for line in trace.splitlines() if line.startswith("Caused by:")]
    return "\n".join(reversed(found)) or trace.strip()


def _trace(url: str, job: str) -> str | None:
    seen = _answer(requests.get(f"{url}/jobs/{job}/exceptions", timeout=10))
    entries = seen.get("exceptionHistory", {}).get("entries") or [{}]
    return seen.get("root-exception") or entries[0].get("stacktrace")


def _location(url: str, job: str, request: str) -> str | None:
    seen = _answer(requests.get(f"{url}/jobs/{job}/savepoints/{request}", timeout=10))
    if seen["status"]["id"] != "COMPLETED":
        return None
    operation = seen["operation"]
    if "failure-cause" in operation:
        raise RefusedError(_innermost(operation["failure-cause"]["stack-trace"]))
    return str(operation["location"])


def _answer(response: requests.Response) -> dict[str, Any]:
    content: dict[str, Any] = response.json()
    if response.status_code >= 400:
        raise RefusedError(_innermost("\n".join(content.get("errors", []))))
    return content


def _innermost(trace: str) -> str:
    causes = [line for line in trace.splitlines() if line.startswith("Caused by:")]
    return causes[-1] if causes else trace.strip()
