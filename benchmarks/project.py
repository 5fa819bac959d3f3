"""A Pulumi project of many jobs, run by the real engine as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.fleet import Fleet
from benchmarks.installed import variables
from sandbox import engine
from sandbox.paths import KUBECONFIG

_PROGRAM = "from benchmarks.fleet import declare\n\ndeclare()\n"


class PulumiError(Exception):
    """`pulumi` failed, or something else is not as it should be."""


@dataclass(frozen=True)
class Project:
    """A project in a folder of its own, with a stack."""

    folder: Path
    environment: Mapping[str, str]
    program: str = _PROGRAM

    def create(self) -> None:
        """Writes the program and makes the stack."""
        self.folder.mkdir()
        (self.folder / "Pulumi.yaml").write_text(f"name: {self.folder.name}\nruntime: python\n")
        (self.folder / "__main__.py").write_text(self.program)
        self.run("stack", "init", "test")

    def run(self, *arguments: str) -> str:
        """`pulumi` with these arguments; what it printed. Raises PulumiError."""
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
            raise PulumiError("\n".join([f"pulumi {arguments[0]} failed:", *said]))
        return done.stdout


def project(work: Path, fleet: Fleet) -> Project:
    """A project of its own below `work`, with an engine that all projects there share."""
    environment = {
        **variables(work),
        **engine.environment(work / "engine"),
        "KUBECONFIG": str(KUBECONFIG),
        **fleet.variables(),
    }
    made = Project(work / fleet.way, environment)
    made.create()
    return made


def check_that_all_run(url: str, count: int) -> None:
    """Raises PulumiError where not so many jobs run."""
    jobs = requests.get(f"{url}/jobs/overview", timeout=30).json()["jobs"]
    running = [job for job in jobs if job["state"] == "RUNNING"]
    if len(running) != count:
        raise PulumiError(f"{len(running)} of {count} jobs run: {json.dumps(jobs)[:500]}")
