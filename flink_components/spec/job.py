"""What a user declares for a job."""

from collections.abc import Iterator
from enum import Enum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from flink_components.spec.base import Flag, Problem, SpecModel, check
from flink_components.spec.connection import Connection
from flink_components.spec.errors import FieldError
from flink_components.spec.jar import ClassName, GraphFile, SessionJar, Sha256
from flink_components.spec.names import Key, Name, Namespace
from flink_components.spec.options import JobOptions
from flink_components.spec.quantity import Duration, Memory
from flink_components.spec.ref import ClusterRef, JobRef, Whole
from flink_components.spec.state_access import StateAccess
from flink_components.spec.storage import SnapshotUri, StorageUri
from flink_components.spec.version import OLDEST_FOR_JOB_CONFIG, minor_of, written

_FIRST_WITH_CLAIM_MODES = (1, 15)


class UpgradeMode(str, Enum):
    """What happens to the state when the job is restarted by a change."""

    SAVEPOINT = "savepoint"
    LAST_STATE = "last_state"
    STATELESS = "stateless"


class WantedState(str, Enum):
    """Whether the job shall run."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class Fallback(str, Enum):
    """What an upgrade may do where a job can't take a savepoint."""

    LAST_STATE = "last_state"


class PreviewGraph(str, Enum):
    """Whom a preview asks for the job graph of a new program that has no `job_graph`."""

    CLUSTER = "cluster"


class ClaimMode(str, Enum):
    """Who owns the snapshot of `restore_from` after the start, in Flink's words."""

    NO_CLAIM = "NO_CLAIM"
    CLAIM = "CLAIM"
    LEGACY = "LEGACY"


class OnDelete(str, Enum):
    """What a delete does with the job that runs."""

    SAVEPOINT = "savepoint"
    CANCEL = "cancel"
    KEEP = "keep"


class SavepointFormat(str, Enum):
    """Flink's savepoint formats: native is quick, canonical can change the state backend."""

    NATIVE = "native"
    CANONICAL = "canonical"


Text = Annotated[str, StringConstraints(min_length=1)]


class StateLoss(SpecModel):
    """A loss of state that is accepted once, by name."""

    operator: Text = Field(
        description="uid, name or id of the operator, or `*` for the whole state"
    )
    version: Text = Field(description="the `version` of the job for which it is accepted")
    reason: Text = Field(description="why it may be lost, which is written into the ledger")
    up_to: Memory | None = Field(default=None, description="the most that may be lost")


def _longer_than_nothing(time: Duration) -> Duration:
    if time.milliseconds == 0:
        raise FieldError("is no time at all", "write one like 90 s, 5 min or 1 h")
    return time


Limit = Annotated[Duration, AfterValidator(_longer_than_nothing)]


class Deadlines(SpecModel):
    """How long each wait may take before it is a failure."""

    stable: Limit = Field(
        default="5min",
        validate_default=True,
        description="from the submission until the job is stable",
    )
    savepoint: Limit = Field(
        default="10min",
        validate_default=True,
        description="from the request to stop until the savepoint is complete",
    )
    cancel: Limit = Field(
        default="1min", validate_default=True, description="until a cancelled job has ended"
    )


class Retention(SpecModel):
    """How many savepoints of our own stops are kept, and for how long; the newest always is."""

    count: Annotated[Whole, Field(ge=1, le=1000)] | None = Field(
        default=None, description="at most so many"
    )
    age: Limit | None = Field(default=None, description="none that is older")


class StopSpec(SpecModel):
    """How a job is ended: what a stop, a cancel and a delete need to know of it."""

    key: Key = Field(description="the identity of the job: it finds its ledger and its state")
    namespace: Namespace = Field(description="where the ledger lives: that of the cluster")
    savepoint_dir: StorageUri | None = Field(
        default=None, description="where savepoints are written, as the pods see it"
    )
    savepoint_format: SavepointFormat = Field(
        default=SavepointFormat.NATIVE, description="native or canonical"
    )
    state_access: StateAccess | None = Field(
        default=None, description="how snapshots are read from the machine that runs Pulumi"
    )
    drain: Flag = Field(
        default=False, description="emit everything (MAX_WATERMARK) before the savepoint of a stop"
    )
    on_delete: OnDelete | None = Field(
        default=None,
        description="savepoint (where savepoint_dir is set), cancel or keep",
    )
    deadlines: Deadlines = Field(default_factory=Deadlines, description="limits of the waits")

    @property
    def delete_action(self) -> OnDelete:
        """What a delete does: a savepoint wherever there is a place for it."""
        if self.on_delete is not None:
            return self.on_delete
        return OnDelete.SAVEPOINT if self.savepoint_dir else OnDelete.CANCEL


class AnchorSpec(StopSpec):
    """The key of a job, from before it first runs until after it is gone."""

    connection: Connection = Field(default=Connection(), description="how the ledger is reached")
    adopt: Flag = Field(default=False, description="take over a key that another stack manages")
    previous_key: Key | None = Field(default=None, description="the key that the job had before")


class DeclaredJobSpec(StopSpec):
    """What every job declares: its program, and when and from what state it runs."""

    name: Name = Field(description="the name of the job in Kubernetes' spelling")
    entry_class: ClassName | None = Field(
        default=None, description="the main class; the jar's Main-Class where it is absent"
    )
    args: tuple[str, ...] = Field(default=(), description="arguments of main, one item each")
    parallelism: Annotated[Whole, Field(ge=1, le=32768)] | None = Field(
        default=None, description="the job's default parallelism"
    )
    upgrade_mode: UpgradeMode = Field(
        default=UpgradeMode.SAVEPOINT, description="savepoint, last_state or stateless"
    )
    state: WantedState = Field(
        default=WantedState.RUNNING,
        description="running, suspended (stopped with its state) or cancelled",
    )
    fallback: Fallback | None = Field(
        default=None,
        description="last_state: where no savepoint can be taken, go on from a checkpoint",
    )
    max_restore_age: Limit | None = Field(
        default=None, description="how old a checkpoint may be from which the job goes on"
    )
    keep_savepoints: Retention = Field(
        default_factory=Retention, description="which savepoints stay; all by default"
    )
    restart: Text | None = Field(
        default=None, description="any text: a changed one restarts the job with its state"
    )
    restore_from: SnapshotUri | None = Field(
        default=None, description="a savepoint or retained checkpoint to start from"
    )
    claim_mode: ClaimMode = Field(
        default=ClaimMode.NO_CLAIM,
        description="for restore_from: NO_CLAIM, CLAIM (Flink deletes it later) or LEGACY",
    )
    version: Text | None = Field(default=None, description="the job's own version, as you call it")
    accept: tuple[StateLoss, ...] = Field(
        default=(), description="losses of state that are accepted for this `version`"
    )
    job_graph: GraphFile | None = Field(
        default=None, description="the file that `flink-components graph JAR -o FILE` made"
    )
    description: str | None = Field(default=None, description="for people")

    @property
    def accepts_all_loss(self) -> StateLoss | None:
        """The accepted loss of the whole state for this version, if there is one."""
        for loss in self.accept:
            if loss.operator == "*" and loss.version == self.version:
                return loss
        return None

    @check("upgrade_mode", "savepoint_dir", "on_delete")
    def _has_a_place_for_savepoints(self) -> Iterator[Problem]:
        do = "set savepoint_dir to a place that the pods of the cluster can write to"
        if self.savepoint_dir is not None:
            return
        if self.upgrade_mode is UpgradeMode.SAVEPOINT:
            yield Problem("savepoint_dir", "is missing, and upgrade_mode is savepoint", do=do)
        elif self.on_delete is OnDelete.SAVEPOINT:
            yield Problem("savepoint_dir", "is missing, and on_delete is savepoint", do=do)

    @check("fallback", "upgrade_mode")
    def _falls_back_from_a_savepoint(self) -> Iterator[Problem]:
        if self.fallback is not None and self.upgrade_mode is not UpgradeMode.SAVEPOINT:
            yield Problem(
                "fallback",
                f"says what to do without a savepoint, and upgrade_mode is "
                f"{self.upgrade_mode.value}",
                do="remove it, or set upgrade_mode to savepoint",
            )

    @check("claim_mode", "restore_from")
    def _claims_what_it_names(self) -> Iterator[Problem]:
        if self.claim_mode is not ClaimMode.NO_CLAIM and self.restore_from is None:
            yield Problem(
                "claim_mode",
                "is for the snapshot that restore_from names, and there is none",
                repr(self.claim_mode.value),
                "remove it, or set restore_from",
            )

    @check("accept", "version")
    def _losses_are_for_a_version(self) -> Iterator[Problem]:
        if self.accept and self.version is None:
            yield Problem(
                "version",
                "is missing, and a loss is accepted for one version only",
                do="set version to what you call this build of the job",
            )


class JobSpec(DeclaredJobSpec):
    """A declared job and the cluster that it runs on: what its life cycle works with."""

    cluster: ClusterRef = Field(description="the cluster: a component or its `ref`")

    @check("claim_mode", "restore_from", "cluster")
    def _claims_are_known(self) -> Iterator[Problem]:
        version = self.cluster.flink_version
        claims = self.claim_mode is not ClaimMode.NO_CLAIM and self.restore_from is not None
        if claims and minor_of(version) < _FIRST_WITH_CLAIM_MODES:
            yield Problem(
                "claim_mode",
                f"needs Flink 1.15, and the cluster runs {version}",
                repr(self.claim_mode.value),
                "remove it",
            )


class SessionJobSpec(JobSpec):
    """One Flink job on a session cluster, complete and checked."""

    cluster: ClusterRef = Field(description="the session cluster: a component or its `ref`")
    adopt: JobRef | None = Field(
        default=None, description="a job that runs there already, to go on with at the first start"
    )
    jar: SessionJar = Field(description="where the jar comes from")
    jar_sha256: Sha256 | None = Field(
        default=None, description="SHA-256 of the jar file; required for https"
    )
    config: JobOptions = Field(
        default={}, description="Flink options of this job alone (Flink 1.17 or later)"
    )
    preview_graph: PreviewGraph | None = Field(
        default=None,
        description="cluster: where there is no job_graph the cluster's JobManager runs `main` for "
        "it, also in a preview (Flink 1.17 or later)",
    )

    @check("cluster")
    def _is_a_session_cluster(self) -> Iterator[Problem]:
        if self.cluster.kind != "session":
            yield Problem(
                "cluster",
                "is that of an application, which runs only its own job",
                repr(self.cluster.key),
                "give a session cluster",
            )

    @check("jar", "jar_sha256")
    def _downloads_are_checked(self) -> Iterator[Problem]:
        if self.jar.startswith("https://") and self.jar_sha256 is None:
            yield Problem(
                "jar_sha256",
                "is missing, and the jar comes from https",
                do="give the SHA-256 of the jar file (`sha256sum JAR`)",
            )
        if self.jar.startswith("local://") and self.jar_sha256 is not None:
            yield Problem(
                "jar_sha256",
                "can't be checked for a jar inside the image",
                do="remove it; pin the image by its digest",
            )

    @check("preview_graph", "cluster")
    def _graph_needs_a_newer_flink(self) -> Iterator[Problem]:
        version = self.cluster.flink_version
        if self.preview_graph is not None and minor_of(version) < OLDEST_FOR_JOB_CONFIG:
            yield Problem(
                "preview_graph",
                f"needs Flink {written(OLDEST_FOR_JOB_CONFIG)} or later, and the cluster runs "
                f"{version}",
                repr(self.preview_graph.value),
                "remove it, and make the graph with `flink-components graph`",
            )

    @check("config", "cluster")
    def _config_needs_a_newer_flink(self) -> Iterator[Problem]:
        version = self.cluster.flink_version
        if self.config and minor_of(version) < OLDEST_FOR_JOB_CONFIG:
            yield Problem(
                "config",
                f"needs Flink {written(OLDEST_FOR_JOB_CONFIG)} or later, and the cluster runs "
                f"{version}",
                do="put it into the cluster's config",
            )
