"""Programs whose graphs differ, and what a real Flink does with one that goes on from another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from examples.jobs.jars import build
from flink_components.flink.cluster_graph import client_at, read_by_cluster
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


@dataclass(frozen=True)
class Keeping:
    """How a program keeps its state, and what kind of snapshot is taken of it.

    `backend` is hashmap or rocksdb, "" for Flink's default; `kind` is "" for a savepoint in Flink's
    default format, native, canonical or checkpoint.
    """

    backend: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.backend, self.kind)))

    @property
    def options(self) -> dict[str, str]:
        """Of the job."""
        backend = {"state.backend.type": self.backend} if self.backend else {}
        return {**backend, **(_CHECKPOINTS if self.kind == "checkpoint" else {})}


_CHECKPOINTS = {
    "execution.checkpointing.interval": "200 ms",
    "execution.checkpointing.incremental": "true",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
}
DEFAULT = Keeping()


@dataclass
class Lab:
    """One Flink on which programs run, stop with a savepoint, and go on from it."""

    flink: LocalFlink
    _snapshots: dict[tuple[Variant, Keeping], str] = field(default_factory=dict)
    _graphs: dict[Variant, JobGraph] = field(default_factory=dict)
    _planned: dict[Variant, JobGraph] = field(default_factory=dict)

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

    def planned_graph(self, variant: Variant) -> JobGraph:
        """As the plans of the cluster tell it."""
        if variant not in self._planned:
            client, version = client_at(self.flink.url)
            program = Program(
                args=variant.arguments(self.flink.workdir), parallelism=variant.parallelism
            )
            found = read_by_cluster(client, version, variant.path, program)
            self._planned[variant] = self.graph_of_plans(found["operators"])
        return self._planned[variant]

    def savepoint(self, variant: Variant, keeping: Keeping = DEFAULT) -> str:
        """A savepoint of the program's, or the checkpoint that `keeping` means, taken once."""
        wanted = (variant, keeping)
        if wanted not in self._snapshots:
            job = self._run(variant, config=keeping.options)
            flink_jobs.until("all tasks RUNNING", 30, lambda: self._all_running(job))
            if keeping.kind == "checkpoint":
                self._snapshots[wanted] = self._left_checkpoint(job)
            else:
                form = keeping.kind.upper() or None
                folder = self.flink.savepoints
                self._snapshots[wanted] = flink_jobs.stop(self.flink.url, job, folder, form)
        return self._snapshots[wanted]

    def _left_checkpoint(self, job: str) -> str:
        """That which the job has left once it is cancelled."""
        url = f"{self.flink.url}/jobs/{job}/checkpoints"

        def latest() -> str | None:
            found = requests.get(url, timeout=10).json()
            completed = (found.get("latest") or {}).get("completed")
            return str(completed["external_path"]) if completed else None

        taken = flink_jobs.until("a checkpoint", 30, latest)
        flink_jobs.cancel_all(self.flink.url)
        folder = Path(taken.removeprefix("file:")).parent
        left = [path.parent for path in folder.glob("chk-*/_metadata")]
        return max(left, key=lambda path: int(path.name[4:])).as_uri()

    def restore(
        self, variant: Variant, savepoint: str, allow_loss: bool = False, backend: str = ""
    ) -> Outcome:
        """What Flink does with the program; it is cancelled afterwards."""
        try:
            job = self._run(variant, savepoint, allow_loss, Keeping(backend).options)
        except flink_jobs.RefusedError as error:
            return Outcome(False, str(error))
        url = self.flink.url
        flink_jobs.until(
            "a start or an end",
            30,
            lambda: self._all_running(job) or flink_jobs.state(url, job) == "FAILED",
        )
        if flink_jobs.state(url, job) == "FAILED":
            cause = flink_jobs.until("a cause", 10, lambda: flink_jobs.causes(url, job))
            return Outcome(False, cause)
        flink_jobs.cancel_all(url)
        return Outcome(True)

    def vertices(self, variant: Variant) -> set[str]:
        """Ids of the vertices of the running job."""
        job = self._run(variant)
        found = requests.get(f"{self.flink.url}/jobs/{job}", timeout=10).json()["vertices"]
        flink_jobs.cancel_all(self.flink.url)
        return {str(vertex["id"]) for vertex in found}

    def _run(
        self,
        variant: Variant,
        savepoint: str | None = None,
        allow: bool = False,
        config: Mapping[str, str] | None = None,
    ) -> str:
        return flink_jobs.run(
            self.flink.url,
            variant.path,
            variant.arguments(self.flink.workdir / "output"),
            savepoint=savepoint,
            allow_non_restored=allow,
            parallelism=variant.parallelism,
            config=config,
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
