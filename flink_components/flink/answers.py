"""Flink's REST answers as values: only what the life cycle reads, and the spelling of one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flink_components.flink.errors import root_cause

Json = Mapping[str, Any]
Bounds = Mapping[str, tuple[int, int]]
"""The lowest and the highest parallelism of each vertex, by its id."""

ENDED = frozenset({"FINISHED", "CANCELED", "FAILED"})
"""Globally terminal job states: the JobManager will not run this job id again."""

_CHECKPOINTING_OFF = 0x7FFFFFFFFFFFFFFF


@dataclass(frozen=True)
class Cluster:
    """`GET /overview`: the Flink version, and slots as TaskManagers have registered them."""

    version: str
    task_managers: int
    slots: int
    slots_free: int


@dataclass(frozen=True)
class JobStatus:
    """One row of `GET /jobs/overview`; its tasks are the subtasks of all vertices."""

    id: str
    name: str
    state: str
    tasks: int = 0
    tasks_running: int = 0
    tasks_finished: int = 0

    @property
    def all_running(self) -> bool:
        """Every task runs, or has finished its bounded work."""
        return (
            self.state == "RUNNING"
            and self.tasks > 0
            and self.tasks_running + self.tasks_finished == self.tasks
        )


@dataclass(frozen=True)
class Vertex:
    """A vertex as it runs: its parallelism, the highest that its state allows, whose slots it has.

    `slot_group` is empty before Flink 1.20, which does not tell it.
    """

    id: str
    parallelism: int
    highest: int | None
    slot_group: str


@dataclass(frozen=True)
class Job:
    """`GET /jobs/:id`: the job and how far its vertices are.

    `slots_wanted` is how many subtasks of its widest vertex wait for their slots, or will again."""

    id: str
    name: str
    state: str
    vertices: int
    vertices_running: int
    vertices_finished: int
    slots_wanted: int
    parts: tuple[Vertex, ...] = ()

    @property
    def parallelism(self) -> dict[str, int]:
        """How many subtasks each vertex has, by its id."""
        return {vertex.id: vertex.parallelism for vertex in self.parts}

    @property
    def all_running(self) -> bool:
        """Every vertex runs in every subtask, or has finished its bounded work."""
        return (
            self.state == "RUNNING"
            and self.vertices > 0
            and self.vertices_running + self.vertices_finished == self.vertices
        )


@dataclass(frozen=True)
class Checkpoint:
    """A completed checkpoint or savepoint: where, which number, when (epoch ms), bytes."""

    id: int
    path: str
    savepoint: bool
    at_ms: int
    size: int


@dataclass(frozen=True)
class Checkpoints:
    """`GET /jobs/:id/checkpoints`.

    `restored` is the path that Flink says it started from, `completed` the latest completed
    checkpoint and `savepoint` the latest savepoint, if its files are still there; `newest` is the
    later of these two, and None where just its files are gone: the other one would be a step
    back. `replaced` is that case: while the job runs, a later one is there and not listed yet, for
    Flink removes the earlier one some ms before it lists the later. `count` is the number completed
    by this job, savepoints too; `recovers` whether one of them was a checkpoint. Flink goes back to
    the latest of these by itself, and its files are only gone where there is a later one.
    """

    count: int
    completed: Checkpoint | None
    savepoint: Checkpoint | None
    newest: Checkpoint | None
    restored: str | None
    recovers: bool = False
    replaced: bool = False


@dataclass(frozen=True)
class CheckpointConfig:
    """`GET /jobs/:id/checkpoints/config`: interval in ms (None = off), kept on cancel or not."""

    interval_ms: int | None
    kept_on_cancel: bool


@dataclass(frozen=True)
class TriggerResult:
    """An asynchronous operation. `done` says nothing of success: then `failure` is None."""

    done: bool
    location: str | None = None
    failure: str | None = None


def cluster(body: Json) -> Cluster:
    """Reads `GET /overview`."""
    return Cluster(
        version=str(body["flink-version"]),
        task_managers=int(body["taskmanagers"]),
        slots=int(body["slots-total"]),
        slots_free=int(body["slots-available"]),
    )


def job_status(row: Json) -> JobStatus:
    """Reads one row of `GET /jobs/overview`."""
    tasks = row.get("tasks") or {}
    counts = (tasks.get(name, 0) for name in ("total", "running", "finished"))
    return JobStatus(row["jid"], row["name"], row["state"], *counts)


def job(body: Json) -> Job:
    """Reads `GET /jobs/:id`."""
    vertices = body.get("vertices", [])
    tasks = [vertex.get("tasks", {}) for vertex in vertices]
    return Job(
        id=str(body["jid"]),
        name=str(body["name"]),
        state=str(body["state"]),
        vertices=len(vertices),
        vertices_running=sum(
            1
            for vertex, count in zip(vertices, tasks, strict=True)
            if count.get("RUNNING", 0) > 0
            and count.get("RUNNING", 0) + count.get("FINISHED", 0) == vertex["parallelism"]
        ),
        vertices_finished=sum(
            1
            for vertex, count in zip(vertices, tasks, strict=True)
            if count.get("FINISHED", 0) == vertex["parallelism"]
        ),
        slots_wanted=_slots_wanted(str(body["state"]), vertices, tasks),
        parts=tuple(_vertex(vertex) for vertex in vertices),
    )


def _slots_wanted(state: str, vertices: list[Json], tasks: list[dict[str, int]]) -> int:
    """A job that could not get its slots restarts; then none of its subtasks is scheduled."""
    if state == "RESTARTING":
        return max((int(vertex["parallelism"]) for vertex in vertices), default=0)
    return max((count.get("SCHEDULED", 0) for count in tasks), default=0)


def _vertex(body: Json) -> Vertex:
    highest = int(body.get("maxParallelism") or 0)
    return Vertex(
        id=str(body.get("id")),
        parallelism=int(body["parallelism"]),
        highest=highest if highest > 0 else None,
        slot_group=str(body.get("slotSharingGroupId") or ""),
    )


def planned(plan: Json) -> dict[str, int]:
    """How many subtasks each vertex of a job graph shall have, by its id."""
    return {str(node["id"]): int(node["parallelism"]) for node in plan.get("nodes", [])}


def requirements(body: Json) -> Bounds:
    """Reads `GET /jobs/:id/resource-requirements`."""
    both = {vertex: entry["parallelism"] for vertex, entry in body.items()}
    return {
        vertex: (int(found["lowerBound"]), int(found["upperBound"]))
        for vertex, found in both.items()
    }


def _checkpoint(body: Json | None) -> Checkpoint | None:
    if not body or not body.get("external_path") or body.get("discarded"):
        return None
    return Checkpoint(
        id=int(body["id"]),
        path=str(body["external_path"]),
        savepoint=bool(body.get("is_savepoint")),
        at_ms=int(body.get("trigger_timestamp") or 0),
        size=int(body.get("state_size") or 0),
    )


def checkpoints(body: Json) -> Checkpoints:
    """Reads `GET /jobs/:id/checkpoints`."""
    latest: Json = body.get("latest") or {}
    restored: Json = latest.get("restored") or {}
    both = [latest[kind] for kind in ("completed", "savepoint") if latest.get(kind)]
    newest: Json | None = max(both, key=lambda body: int(body["id"]), default=None)
    return Checkpoints(
        count=int((body.get("counts") or {}).get("completed", 0)),
        completed=_checkpoint(latest.get("completed")),
        savepoint=_checkpoint(latest.get("savepoint")),
        newest=_checkpoint(newest),
        restored=restored.get("external_path") or None,
        recovers=latest.get("completed") is not None,
        replaced=newest is not None and bool(newest.get("discarded")),
    )


def checkpoint_config(body: Json) -> CheckpointConfig:
    """Reads `GET /jobs/:id/checkpoints/config`."""
    interval = int(body.get("interval") or 0)
    external: Json = body.get("externalization") or {}
    return CheckpointConfig(
        interval_ms=None if interval <= 0 or interval >= _CHECKPOINTING_OFF else interval,
        kept_on_cancel=bool(external.get("enabled")) and not external.get("delete_on_cancellation"),
    )


def trigger_result(body: Json) -> TriggerResult:
    """Reads `GET /jobs/:id/savepoints/:triggerId`, and that of checkpoints.

    Flink spells a failure differently in the two.
    """
    if (body.get("status") or {}).get("id") != "COMPLETED":
        return TriggerResult(done=False)
    operation: Json = body.get("operation") or {}
    failure: Json | None = operation.get("failure-cause") or operation.get("failureCause")
    if failure:
        text = str(failure.get("stack-trace") or failure.get("class") or "")
        return TriggerResult(done=True, failure=root_cause(text))
    return TriggerResult(done=True, location=operation.get("location"))


def failure_of(body: Json) -> str | None:
    """Reads `GET /jobs/:id/exceptions`: the newest failure, spelled differently before 2.0."""
    entries = (body.get("exceptionHistory") or {}).get("entries") or []
    text = entries[0].get("stacktrace") if entries else body.get("root-exception")
    return root_cause(str(text)) if text else None


def same_path(a: str, b: str) -> bool:
    """Two spellings of one snapshot: `file:/x`, `file:///x`, with or without `/_metadata`."""
    return _normal(a) == _normal(b)


def below(path: str, directory: str) -> bool:
    """The snapshot is in `directory`, however either of them is spelled."""
    return _normal(path).startswith(f"{_normal(directory)}/")


def _normal(path: str) -> str:
    path = path.rstrip("/").removesuffix("/_metadata").rstrip("/")
    scheme, separator, rest = path.partition(":")
    if not separator or "/" in scheme:
        return f"file:/{path.lstrip('/')}"
    return f"{plain_scheme(scheme)}:/{rest.lstrip('/')}"


def plain_scheme(scheme: str) -> str:
    """`s3` for each of the names that file systems for Flink have given it."""
    return "s3" if scheme in ("s3a", "s3p", "s3n") else scheme
