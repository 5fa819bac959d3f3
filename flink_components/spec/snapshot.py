"""What a user declares for a savepoint of a job that runs on."""

from enum import Enum

from pydantic import Field

from flink_components.spec.base import SpecModel
from flink_components.spec.connection import Connection
from flink_components.spec.job import Deadlines, SavepointFormat, StopSpec
from flink_components.spec.names import Key, Name, Namespace
from flink_components.spec.storage import StorageUri


class KeepOrDispose(str, Enum):
    """What a delete does with the files of a snapshot."""

    RETAIN = "retain"
    DISPOSE = "dispose"


class JobPlace(SpecModel):
    """A job for other resources and stacks: where its ledger is, and where it writes savepoints."""

    key: Key = Field(description="the identity of the job")
    namespace: Namespace = Field(description="where its ledger lives")
    savepoint_dir: StorageUri | None = Field(default=None, description="where its savepoints go")
    connection: Connection = Field(default=Connection(), description="how the ledger is reached")


class SnapshotSpec(SpecModel):
    """One savepoint of one job, taken once."""

    name: Name = Field(description="the name of the snapshot, unique for its job")
    job: JobPlace = Field(description="the job: a component or its `ref`")
    savepoint_format: SavepointFormat = Field(
        default=SavepointFormat.CANONICAL,
        description="canonical (any backend can read it) or native",
    )
    on_delete: KeepOrDispose = Field(
        default=KeepOrDispose.RETAIN, description="retain (default) or dispose"
    )
    deadlines: Deadlines = Field(default_factory=Deadlines, description="`savepoint` is its limit")

    def stop_spec(self) -> StopSpec:
        """How the savepoint is asked for."""
        return StopSpec(
            key=self.job.key,
            namespace=self.job.namespace,
            savepoint_dir=self.job.savepoint_dir,
            savepoint_format=self.savepoint_format,
            deadlines=self.deadlines,
        )
