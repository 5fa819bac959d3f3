"""What the ledger remembers of one job: values only, with their JSON form.

Hashes, ids and places; never arguments or configuration of a program. Fields that a later
version has written are kept.
"""

import hashlib
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from flink_components.plan.changes import same_cluster

SCHEMA = 1
KEPT_FAILURES = 10
KEPT_DOWNS = 3


class Phase(str, Enum):
    """Where a job stands, as far as its ledger knows."""

    CREATED = "CREATED"
    UPGRADING = "UPGRADING"
    DEPLOYED = "DEPLOYED"
    STABLE = "STABLE"
    ROLLED_BACK = "ROLLED_BACK"
    SUSPENDED = "SUSPENDED"
    FAILED = "FAILED"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"
    LOST = "LOST"


RUNS = frozenset({Phase.DEPLOYED, Phase.STABLE, Phase.ROLLED_BACK})
"""Phases in which the job should be found on its cluster."""
_MAY_GO_BACK = frozenset({Phase.UPGRADING, Phase.DEPLOYED, Phase.FAILED})
"""Phases in which what was stable before may be started again."""


def job_id_of(key: str, revision: int, attempt: int) -> str:
    """Flink's job id of one attempt: 32 hex digits, never used twice."""
    return hashlib.sha256(f"{key}\0{revision}\0{attempt}".encode()).hexdigest()[:32]


class _Value(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)


class _SparselyWritten(_Value):
    """What not every job has is not written of the others."""

    often_absent: ClassVar[tuple[str, ...]]

    @model_serializer(mode="wrap")
    def _as_ever(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = serialize(self)
        absent = [name for name in self.often_absent if not getattr(self, name)]
        return {name: value for name, value in written.items() if name not in absent}


class Owner(_Value):
    """The Pulumi resource that manages the key: `organization/project/stack` and its URN."""

    stack: str
    urn: str


class RestorePoint(_Value):
    """A snapshot from which the job can go on. `at` is when it was taken (seconds since 1970)."""

    path: str
    kind: Literal["savepoint", "checkpoint", "given"]
    at: float
    job_id: str | None = None
    revision: int | None = None
    attempt: int | None = None
    size: int | None = None


class Taken(_Value):
    """One line of a job's history: a restore point, why it was taken, and by whom.

    `ours` is False for what was found, and not taken by a stop of ours; such files are never
    disposed of. `snapshot` names the SavepointSnapshot that owns it.
    """

    path: str
    kind: Literal["savepoint", "checkpoint", "given"]
    at: float
    format: str | None = None
    flink_version: str = ""
    job_id: str | None = None
    revision: int | None = None
    attempt: int | None = None
    size: int | None = None
    why: str = ""
    by: str = ""
    ours: bool = False
    snapshot: str | None = None
    disposed_at: float | None = None


class Switch(_Value):
    """How a job came to run as its attempt `attempt`, at `at` (seconds since 1970).

    `steps` has the seconds of each: prepare (until the pods wait, or the dry run is done), stop, go
    (until the JobManager has claimed it, or has been given it), run (until all tasks ran), stable.
    `down` is for how many of them nothing ran; None where nothing ran before. `size` is that of the
    savepoint in bytes.
    """

    revision: int
    attempt: int
    at: float
    steps: dict[str, float]
    down: float | None = None
    size: int | None = None

    @property
    def down_ms(self) -> int | None:
        """For how many milliseconds nothing ran."""
        return None if self.down is None else round(self.down * 1000)


class History(_SparselyWritten):
    """The restore points of one key, oldest first, also of those whose files are gone."""

    often_absent = ("switches",)

    schema_version: int = SCHEMA
    key: str
    points: tuple[Taken, ...] = ()
    switches: tuple[Switch, ...] = ()


class Run(_Value):
    """One attempt to run a revision: `fingerprint` names what it runs, `cluster` where.

    `restart` and `asked_from` are the wishes that it fulfils: for a restart, and to start from a
    given snapshot. `savepoint_dir` and `savepoint_format` are how it is stopped by hand.
    `rolled_back_from` is the revision that a rollback by hand has left for it.
    `parallelism` is the declared one, which tells a change of it from one of the program.
    Of an application only: `ha`, whether Flink recovers by itself; `claim_mode`; `may_lose`, if it
    may start without state, whose loss was accepted; how many pods.
    """

    revision: int
    attempt: int
    job_id: str
    fingerprint: str
    jar: str
    cluster: dict[str, Any]
    upgrade_mode: str
    restored_from: str | None = None
    submitted_at: float = 0.0
    stateless: bool = False
    restart: str | None = None
    asked_from: str | None = None
    savepoint_dir: str | None = None
    savepoint_format: str = "native"
    rolled_back_from: int | None = None
    parallelism: int | None = None
    ha: bool | None = None
    claim_mode: str | None = None
    may_lose: bool | None = None
    job_managers: int | None = None
    task_managers: int | None = None

    @property
    def guarded(self) -> bool:
        """It is an application's, whose JobManager starts by the word of the ledger."""
        return self.cluster.get("kind") == "application"


class LeftJar(_Value):
    """A jar that a job has needed on a session cluster, and may not need there any more.

    `since` is when its upload was begun, where that may still arrive (seconds since 1970).
    """

    content: str
    cluster: dict[str, Any]
    since: float = 0.0


class Adopted(_Value):
    """A job that ran before it was managed: its id, and its name in Flink."""

    job_id: str
    name: str


class Scaling(_Value):
    """Another parallelism of a job that runs on: `wanted` for each vertex.

    `run` is what the ledger says once all of them have it, `before` the bounds that they had.
    """

    run: Run
    wanted: dict[str, int]
    before: dict[str, tuple[int, int]]


class Use(str, Enum):
    """What the latest checkpoint of a job that is cancelled is for."""

    REQUIRED = "required"
    OWN = "own"
    NOTHING = "nothing"


StepKind = Literal["submit", "stop", "cancel", "savepoint", "rescale"]


class Step(_Value):
    """A call that changes something, written before it is made, so that a lost answer is found.

    `use` is for a cancel: what of the job's state the next start may go on from. `snapshot` names
    the SavepointSnapshot for which a savepoint is taken. `scaling` is what a rescale changes.
    """

    what: StepKind
    job_id: str
    cluster: dict[str, Any]
    since: float
    trigger: str = ""
    directory: str = ""
    use: Use = Use.OWN
    why: str = ""
    snapshot: str | None = None
    scaling: Scaling | None = None


class Failure(_Value):
    """A revision that was tried and did not become stable."""

    revision: int
    attempt: int
    fingerprint: str
    reason: str
    at: float

    @classmethod
    def of(cls, run: Run, reason: str, at: float) -> "Failure":
        """That of an attempt, with the beginning of a long reason."""
        return cls(
            revision=run.revision,
            attempt=run.attempt,
            fingerprint=run.fingerprint,
            reason=reason[:500],
            at=at,
        )


class AcceptedLoss(_Value):
    """A loss of state that was accepted by name, and for which version it was used up."""

    operator: str
    version: str
    reason: str
    at: float


class Record(_SparselyWritten):
    """The whole record of one key.

    `run` is the active attempt, also after it has ended; `stable` the last one that was stable,
    to which a failed upgrade goes back; `restore` the latest point from which the job can go on
    without loss; `restored_by_hand` the last `restore_from` that was honoured; `open` a step
    whose end was not yet recorded; `unsure` a submission that never showed up; `unlisted` points
    that the history does not have yet; `jars_left` jars to be removed; `adopted` the job
    that it began with; `checkpoints` the directory of its checkpoints, as Flink has named it last;
    `late` until when a request for another parallelism whose answer was lost may still arrive.
    `last_switch` is how the last start went, `downs` how long the last upgrades took the job down
    (seconds, oldest first).
    Of an application: `highest` is the highest number that a revision ever had, `revisions` the
    fingerprints of those that may have objects.
    """

    often_absent = ("highest", "revisions", "downs")

    schema_version: int = SCHEMA
    key: str
    phase: Phase = Phase.CREATED
    reason: str = ""
    since: float = 0.0
    owner: Owner | None = None
    attempts: int = 0
    run: Run | None = None
    stable: Run | None = None
    restore: RestorePoint | None = None
    restored_by_hand: str | None = None
    unsure: Step | None = None
    unlisted: tuple[Taken, ...] = ()
    open: Step | None = None
    failures: tuple[Failure, ...] = ()
    accepted: tuple[AcceptedLoss, ...] = ()
    deleted: bool = False
    moved_to: str | None = None
    jar_wanted: str | None = None
    jars_left: tuple[LeftJar, ...] = ()
    adopted: Adopted | None = None
    checkpoints: str | None = None
    late: float = 0.0
    highest: int = 0
    revisions: dict[str, str] = {}
    last_switch: Switch | None = None
    downs: tuple[float, ...] = ()

    def needs_cluster(self, cluster: Mapping[str, Any]) -> bool:
        """Its job runs there, as far as the ledger knows, or may be taken back to there."""
        if self.deleted or self.moved_to is not None:
            return False
        run = self.run if self.phase in RUNS | {Phase.UPGRADING} else None
        before = self.stable if self.phase in _MAY_GO_BACK else None
        return any(one and same_cluster(one.cluster, cluster) for one in (run, before))

    @property
    def of_an_application(self) -> bool:
        """It has revisions with objects of its own."""
        return self.highest > 0 or (self.run is not None and self.run.guarded)

    @property
    def jars_in_use(self) -> tuple[str, ...]:
        """Contents of the jars that it needs: the active one, and one that is being started."""
        run = (self.run.jar,) if self.run else ()
        return run if self.jar_wanted is None else (*run, self.jar_wanted)

    def leaving(
        self, content: str, cluster: dict[str, Any], since: float = 0.0
    ) -> tuple[LeftJar, ...]:
        """The jars that are to be removed, with one more."""
        same = [j for j in self.jars_left if (j.content, j.cluster) == (content, cluster)]
        since = max([since, *(jar.since for jar in same)])
        jar = LeftJar(content=content, cluster=cluster, since=since)
        return (*(other for other in self.jars_left if other not in same), jar)

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON, without absent fields."""
        return self.model_dump(mode="json", exclude_none=True)

    def remembering(self, last: Run) -> "Record":
        """The record with the run that another memory knows, where it knows none itself."""
        if self.run is not None:
            return self
        attempts = max(last.attempt, self.attempts)
        changed = {"run": last, "stable": last, "attempts": attempts, "phase": Phase.STABLE}
        return self.model_copy(update=changed)

    def as_never_asked(self) -> "Record":
        """The record as if no given snapshot had been started from yet."""
        run = self.run.model_copy(update={"asked_from": None}) if self.run else None
        return self.model_copy(update={"run": run, "restored_by_hand": None})

    def adopting(self, run: Run, adopted: Adopted) -> "Record":
        """The record with a job that ran before it was managed; it is stable as far as it goes."""
        attempts = max(run.attempt, self.attempts)
        changed = {"run": run, "stable": run, "attempts": attempts, "adopted": adopted}
        return self.model_copy(update={**changed, "phase": Phase.DEPLOYED})

    def foreseen(self) -> "Record":
        """The record as it is once an open rescale is finished, for a plan."""
        scaling = self.open.scaling if self.open else None
        if scaling is None or self.run is None or self.run.job_id != scaling.run.job_id:
            return self
        return self.model_copy(update={"run": scaling.run, "phase": Phase.STABLE})

    def accepting(self, losses: Sequence[AcceptedLoss]) -> tuple[AcceptedLoss, ...]:
        """What was accepted, with these; one that is done again counts once."""
        known = {(one.operator, one.version) for one in self.accepted}
        new = [one for one in losses if (one.operator, one.version) not in known]
        return (*self.accepted, *new)

    def with_switch(self, switch: Switch) -> dict[str, Any]:
        """What changes in the record by one more switch."""
        downs = self.downs if switch.down is None else (*self.downs, switch.down)
        return {"last_switch": switch, "downs": downs[-KEPT_DOWNS:]}

    def with_failure(self, failure: Failure) -> tuple[Failure, ...]:
        """The failures with one more, the oldest dropped."""
        return (*self.failures, failure)[-KEPT_FAILURES:]


class ClusterRevision(_Value):
    """One revision of a session cluster; its objects carry the number."""

    fingerprint: str
    service: str
    created_at: float


class ClusterRecord(_Value):
    """The record of a session cluster: which revisions have objects, and which one is active.

    A revision is written before any of its objects is made.
    """

    schema_version: int = SCHEMA
    key: str
    owner: Owner | None = None
    revisions: dict[str, ClusterRevision] = {}
    highest: int = 0
    active: int | None = None
    deleted: bool = False

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON, without absent fields."""
        return self.model_dump(mode="json", exclude_none=True)
