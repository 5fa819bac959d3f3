"""`pulumi preview` of unchanged jobs, against the same program with plain dynamic resources.

The jobs are real: an `up` has started them on one real Flink with a slot for each, and their
ledgers are on a real API server. What is timed is the command as a user types it, from its start
to its end. The plain program has as many resources with the same inputs; their provider does
nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.fleet import Fleet
from benchmarks.ground import local_flink, namespace, reference
from benchmarks.installed import variables
from benchmarks.measuring import Report, compare, seconds_of
from examples.jobs.jars import build
from sandbox import engine
from sandbox.paths import KUBECONFIG

_NAMESPACE = "benchmark-preview"
_JOBS = 100
_PART = f"preview, {_JOBS} unchanged jobs"
_GOALS = {_PART: 1.3}
_PROGRAM = "from benchmarks.fleet import declare\n\ndeclare()\n"


class PreviewError(Exception):
    """`pulumi` failed, or saw a change where there is none."""


@dataclass(frozen=True)
class Project:
    """A project in a folder of its own, with a stack."""

    folder: Path
    environment: Mapping[str, str]

    def create(self) -> None:
        """Writes the program and makes the stack."""
        self.folder.mkdir()
        (self.folder / "Pulumi.yaml").write_text(f"name: {self.folder.name}\nruntime: python\n")
        (self.folder / "__main__.py").write_text(_PROGRAM)
        self.run("stack", "init", "test")

    def run(self, *arguments: str) -> str:
        """`pulumi` with these arguments; what it printed. Raises PreviewError."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).splitlines()[-20:]
            raise PreviewError("\n".join([f"pulumi {arguments[0]} failed:", *said]))
        return done.stdout

    def preview(self) -> Mapping[str, float]:
        """Seconds of one preview."""
        return {_PART: seconds_of(lambda: self.run("preview", "--expect-no-changes"))}


def measure(repetitions: int) -> Report:
    """Compares the two."""
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flink-benchmark-")))
        space = stack.enter_context(namespace(_NAMESPACE))
        flink = stack.enter_context(local_flink(work / "flink", slots=_JOBS))
        common = {
            **variables(work),
            **engine.environment(work / "engine"),
            "KUBECONFIG": str(KUBECONFIG),
        }
        projects = []
        for way in ("packaged", "plain"):
            ref = reference(flink, space).to_json()
            fleet = Fleet(way, _JOBS, ref, str(build()["stateful-v1"]), str(work / way))
            projects.append(Project(work / way, {**common, **fleet.variables()}))
            projects[-1].create()
            seconds = seconds_of(lambda: projects[-1].run("up", "--yes", "--skip-preview"))
            sys.stderr.write(f"up of the {way} program: {seconds:.0f} s\n")
        _check_that_all_run(flink.url)
        packaged, plain = projects
        found = compare(packaged.preview, plain.preview, _GOALS, repetitions)
    return Report("Preview", "flink_components", "plain dynamic resources", found)


def _check_that_all_run(url: str) -> None:
    jobs = requests.get(f"{url}/jobs/overview", timeout=30).json()["jobs"]
    running = [job for job in jobs if job["state"] == "RUNNING"]
    if len(running) != _JOBS:
        raise PreviewError(f"{len(running)} of {_JOBS} jobs run: {json.dumps(jobs)[:500]}")
