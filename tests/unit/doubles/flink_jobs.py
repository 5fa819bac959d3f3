"""What a fake Flink keeps: jobs with their behaviour, snapshots, and a history to judge by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Snapshot:
    """A checkpoint or savepoint. `events` is how much of its group's work is in it."""

    path: str
    events: int
    savepoint: bool
    group: str
    number: int
    at: float
    discarded: bool = False


@dataclass
class Behaviour:
    """What a program does when it is run; None and False: nothing unusual.

    refuses: reason for a 400 to the run request; plan_refused: the same for a plan.
    fails: reason for which the job fails once it runs, or `fails_after` so many seconds;
    after_checkpoint: it completes one before.
    slots_missing: so many subtasks never get a slot. finishes: its work is bounded.
    checkpoint_fails, savepoint_fails: reasons; savepoint_ends: the job fails with its savepoint;
    savepoint_restarts: it fails over with it, an instant after the result.
    restarts_for: why instead, once for each; after that savepoints succeed.
    ignores_savepoint: it starts empty whatever it was given.
    pinned: the parallelism of its sink, whatever that of the job is; highest: the maximum of it.
    unchained_from: from this parallelism on its job graph has another vertex.
    never_rescales: Flink takes another parallelism, and nothing comes of it.
    nodes: what a plan of it shows, in place of its vertices.
    """

    refuses: str | None = None
    plan_refused: str | None = None
    fails: str | None = None
    fails_after: float = 0.0
    after_checkpoint: bool = False
    slots_missing: int = 0
    finishes: bool = False
    checkpoint_fails: str | None = None
    savepoint_fails: str | None = None
    savepoint_ends: bool = False
    savepoint_restarts: bool = False
    restarts_for: tuple[str, ...] = ()
    ignores_savepoint: bool = False
    pinned: int | None = None
    highest: int = 128
    unchained_from: int | None = None
    never_rescales: bool = False
    nodes: tuple[Json, ...] = ()

    def graph(self, parallelism: int) -> dict[str, int]:
        """The vertices of its job graph."""
        graph = {"a": parallelism, "b": self.pinned or parallelism}
        unchained = self.unchained_from is not None and parallelism >= self.unchained_from
        return {**graph, "c": parallelism} if unchained else graph


@dataclass
class FakeJob:
    """One submission."""

    id: str
    entry_class: str
    args: list[str]
    jar: str
    request: Json
    behaviour: Behaviour
    started: float
    state: str = "CREATED"
    restored: str | None = None
    events: int = 0
    snapshots: list[Snapshot] = field(default_factory=list)
    failure: str | None = None
    ends: tuple[float, str] | tuple[float, str, str] | None = None
    fails_over: float | None = None
    last_checkpoint: float = 0.0
    parallelism: dict[str, int] = field(default_factory=dict)
    bounds: dict[str, tuple[int, int]] = field(default_factory=dict)
    asked: float = 0.0
    rescaled: int = 0

    @property
    def slots(self) -> int:
        """All vertices share slots."""
        return max(self.parallelism.values(), default=0)

    @property
    def group(self) -> str:
        """Jobs of one group are attempts of one job: no two may run."""
        return self.args[0] if self.args else ""


@dataclass
class Operation:
    """A savepoint, stop or checkpoint that was asked for."""

    kind: str
    due: float
    directory: str = ""
    location: str | None = None
    failure: str | None = None
    done: bool = False


@dataclass(frozen=True)
class Start:
    """A job that was started: where from, how much was restored, and how much could have been."""

    job_id: str
    group: str
    entry_class: str
    savepoint: str | None
    events: int
    newest: int


class Storage:
    """What all clusters have written, and the history by which a test judges."""

    def __init__(self) -> None:
        self.snapshots: dict[str, Snapshot] = {}
        self.starts: list[Start] = []
        self.violations: list[str] = []

    def newest(self, group: str) -> int:
        """How much work the best snapshot of a group holds."""
        usable = [s.events for s in self.snapshots.values() if s.group == group and not s.discarded]
        return max(usable, default=0)
