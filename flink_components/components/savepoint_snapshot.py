"""A savepoint of a job that runs on, as a resource of its own."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions

from flink_components.components.arguments import (
    known_problems,
    refuse_positional,
    urn_of,
)
from flink_components.components.refusal import refuse
from flink_components.components.resources import Snapshot
from flink_components.components.session_job import SessionJob
from flink_components.spec.snapshot import SnapshotSpec

_LIKE = "{'job': job}"


class SavepointSnapshotArgs(TypedDict, total=False):
    """Arguments of a SavepointSnapshot. `job` is required."""

    job: "SessionJob | Input[Mapping[str, Any]]"
    """The SessionJob itself, or its `ref` (also from a StackReference)."""
    savepoint_format: Input[str]
    """canonical (default: any state backend can read it) or native (quicker)."""
    on_delete: Input[str]
    """retain (default) or dispose, by Flink; one that the job would go on from is never removed."""
    deadlines: Input[Mapping[str, Input[str]]]
    """`savepoint` (10 min): how long it may take."""


class SavepointSnapshot(pulumi.ComponentResource):
    """A savepoint that is taken once, while the job runs on; it outlives the job."""

    location: Output[str]
    """Where it is: for `restore_from` of another job, also in another stack."""
    taken_at: Output[float]
    """When it was complete, in seconds since 1970."""
    flink_version: Output[str]
    """The Flink that has written it; older ones can't read it."""

    def __init__(
        self, name: str, args: SavepointSnapshotArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("flink-components:index:SavepointSnapshot", name, None, opts)
        what = f"SavepointSnapshot {name}"
        given = refuse_positional(what, args, None, _LIKE)
        job = given.get("job")
        ref: Any = job.ref if isinstance(job, SessionJob) else job
        values = {**given, "name": name, "job": ref}
        refuse(what, known_problems(SnapshotSpec, values))
        after = [job] if isinstance(job, SessionJob) else []
        made = Snapshot(
            f"{name}-savepoint",
            {**values, "urn": urn_of(self)},
            ResourceOptions(parent=self, depends_on=after),
        )
        self.location = made.location
        self.taken_at = made.taken_at
        self.flink_version = made.flink_version
        self.register_outputs(
            {
                "location": self.location,
                "taken_at": self.taken_at,
                "flink_version": self.flink_version,
            }
        )
