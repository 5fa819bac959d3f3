"""Programs whose graphs differ, and what a real Flink does with one that goes on from another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from examples.jobs.jars import build
from flink_components.flink.graph_driver import Program, read_by_driver
from flink_components.flink.job_graph import JobGraph, graph_of
from sandbox.images import distribution
from tests import flink_jobs
from tests.graphs.shapes import shapes_jar
from tests.local_flink import LocalFlink


@dataclass(frozen=True)
class Variant:
    """A program: an example job by name, or `shapes`, with arguments."""

    jar: str
    args: tuple[str, ...] = ()
    parallelism: int = 1

    def __str__(self) -> str:
        return " ".join(
            [self.jar, *self.args, *([f"p{self.parallelism}"] * (self.parallelism > 1))]
        )

    @property
    def path(self) -> Path:
        return shapes_jar() if self.jar == "shapes" else build()[self.jar]

    def arguments(self, folder: Path) -> tuple[str, ...]:
        own = () if self.jar == "shapes" else ("--output", str(folder))
        return (*own, *self.args)


@dataclass(frozen=True)
class Outcome:
    """`runs`, or not and why, in Flink's words."""

    runs: bool
    cause: str = ""


@dataclass
class Lab:
    """One Flink on which programs run, stop with a savepoint, and go on from it."""

    flink: LocalFlink
    _savepoints: dict[Variant, str] = field(default_factory=dict)
    _graphs: dict[Variant, JobGraph] = field(default_factory=dict)

    def graph(self, variant: Variant) -> JobGraph:
        """As the driver reads it."""
        if variant not in self._graphs:
            program = Program(
                args=variant.arguments(self.flink.workdir), parallelism=variant.parallelism
            )
            home = distribution(self.flink.version)
            found = read_by_driver(variant.path, program, home)
            self._graphs[variant] = graph_of(self._head("driver") | found, str(variant))
        return self._graphs[variant]

    def graph_of_plans(self, operators: list[dict[str, Any]]) -> JobGraph:
        return graph_of(self._head("plans") | {"operators": operators}, "plans")

    def savepoint(self, variant: Variant) -> str:
        """One of the program's, taken once."""
        if variant not in self._savepoints:
            job = self._run(variant)
            flink_jobs.until("all tasks RUNNING", 30, lambda: self._all_running(job))
            folder = self.flink.savepoints
            self._savepoints[variant] = flink_jobs.stop(self.flink.url, job, folder)
        return self._savepoints[variant]

    def restore(self, variant: Variant, savepoint: str, allow_loss: bool = False) -> Outcome:
        """What Flink does with the program; it is cancelled afterwards."""
        try:
            job = self._run(variant, savepoint, allow_loss)
        except flink_jobs.RefusedError as error:
            return Outcome(False, str(error))
        url = self.flink.url
        flink_jobs.until(
            "a start or an end",
            30,
            lambda: self._all_running(job) or flink_jobs.state(url, job) == "FAILED",
        )
        if flink_jobs.state(url, job) == "FAILED":
            cause = flink_jobs.until("a cause", 10, lambda: flink_jobs.last_cause(url, job))
            return Outcome(False, cause)
        flink_jobs.cancel_all(url)
        return Outcome(True)

    def vertices(self, variant: Variant) -> set[str]:
        """Ids of the vertices of the running job."""
        job = self._run(variant)
        found = requests.get(f"{self.flink.url}/jobs/{job}", timeout=10).json()["vertices"]
        flink_jobs.cancel_all(self.flink.url)
        return {str(vertex["id"]) for vertex in found}

    def _run(self, variant: Variant, savepoint: str | None = None, allow: bool = False) -> str:
        return flink_jobs.run(
            self.flink.url,
            variant.path,
            variant.arguments(self.flink.workdir / "output"),
            savepoint=savepoint,
            allow_non_restored=allow,
            parallelism=variant.parallelism,
        )

    def _all_running(self, job: str) -> bool:
        jobs = requests.get(f"{self.flink.url}/jobs/overview", timeout=10).json()["jobs"]
        (tasks,) = [one["tasks"] for one in jobs if one["jid"] == job]
        return bool(tasks["total"] == tasks["running"] > 0)

    def _head(self, source: str) -> dict[str, Any]:
        return {
            "flink_version": self.flink.version,
            "source": source,
            "jar": "job.jar",
            "jar_content": "0" * 32,
            "jar_sha256": "0" * 64,
            "program": "0" * 16,
        }
