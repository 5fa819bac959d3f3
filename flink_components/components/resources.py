"""The dynamic resources as the engine knows them: their types are in users' states."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from flink_components.providers.by_name import ByName

Props = Mapping[str, Any]
_OF_A_RUN = (
    "job_id",
    "attempt",
    "phase",
    "reason",
    "since",
    "restored_from",
    "restore_point",
    "last_switch",
)


class JobAnchor(Resource, module="flink", name="JobAnchor"):
    """The ledger of a job's key."""

    def __init__(self, name: str, props: Props, opts: pulumi.ResourceOptions) -> None:
        super().__init__(ByName("anchor.JobAnchorProvider"), name, _given(props), opts)


class Job(Resource, module="flink", name="SessionJob"):
    """The job itself."""

    job_id: pulumi.Output[str]
    revision: pulumi.Output[int]
    phase: pulumi.Output[str]
    reason: pulumi.Output[str]
    since: pulumi.Output[str]
    restored_from: pulumi.Output[str]
    restore_point: pulumi.Output[str]
    last_switch: "pulumi.Output[dict[str, Any]]"

    def __init__(self, name: str, props: Props, opts: pulumi.ResourceOptions) -> None:
        outputs = dict.fromkeys(("revision", "jar_content", "drift", *_OF_A_RUN))
        given = {**outputs, **_given(props)}
        super().__init__(ByName("session_job.SessionJobProvider"), name, given, opts)


class ApplicationRevision(Resource, module="flink", name="ApplicationRevision"):
    """The number of an application's revision, and what it is made of, known in a preview."""

    number: pulumi.Output[float]
    fingerprint: pulumi.Output[str]
    declared: "pulumi.Output[dict[str, Any]]"
    """What is declared, with the old value of whatever is to be ignored."""
    given: tuple[str, ...]
    """The fields that are declared."""

    def __init__(self, name: str, props: Props, opts: pulumi.ResourceOptions) -> None:
        super().__init__(
            ByName("application_revision.ApplicationRevisionProvider"),
            name,
            {"number": None, "fingerprint": None, **props},
            opts,
        )
        # Not loaded by a program without applications.
        from flink_components.spec.application import ApplicationSpec

        self.given = tuple(
            field for field in ApplicationSpec.model_fields if props.get(field) is not None
        )
        self.declared = pulumi.Output.all(**{field: getattr(self, field) for field in self.given})


class JobSwitch(Resource, module="flink", name="JobSwitch"):
    """Lets a revision of an application run its job."""

    job_id: pulumi.Output[str]
    active_revision: pulumi.Output[float]
    phase: pulumi.Output[str]
    reason: pulumi.Output[str]
    since: pulumi.Output[str]
    restored_from: pulumi.Output[str]
    restore_point: pulumi.Output[str]
    last_switch: "pulumi.Output[dict[str, Any]]"

    def __init__(self, name: str, props: Props, opts: pulumi.ResourceOptions) -> None:
        outputs = dict.fromkeys(("active_revision", "drift", *_OF_A_RUN))
        super().__init__(ByName("job_switch.JobSwitchProvider"), name, {**outputs, **props}, opts)


class Snapshot(Resource, module="flink", name="SavepointSnapshot"):
    """A savepoint that is taken once."""

    location: pulumi.Output[str]
    taken_at: pulumi.Output[float]
    flink_version: pulumi.Output[str]

    def __init__(self, name: str, props: Props, opts: pulumi.ResourceOptions) -> None:
        outputs = dict.fromkeys(("location", "taken_at", "flink_version"))
        super().__init__(
            ByName("snapshot.SavepointSnapshotProvider"), name, {**outputs, **props}, opts
        )


class ClusterAnchor(Resource, module="flink", name="ClusterAnchor"):
    """The ledger of a session cluster's key."""

    def __init__(self, name: str, props: Props, opts: pulumi.ResourceOptions) -> None:
        super().__init__(ByName("cluster_anchor.ClusterAnchorProvider"), name, dict(props), opts)


class Revision(Resource, module="flink", name="Revision"):
    """The number of a cluster's revision, and what it is made of, known in a preview."""

    number: pulumi.Output[float]
    spec: pulumi.Output[Mapping[str, Any]]

    def __init__(self, name: str, props: Props, opts: pulumi.ResourceOptions) -> None:
        super().__init__(
            ByName("cluster_revision.ClusterRevisionProvider"),
            name,
            {"number": None, **props},
            opts,
        )


class ClusterSwitch(Resource, module="flink", name="ClusterSwitch"):
    """Makes a cluster's revision the active one."""

    def __init__(self, name: str, props: Props, opts: pulumi.ResourceOptions) -> None:
        super().__init__(ByName("cluster_switch.ClusterSwitchProvider"), name, dict(props), opts)


def _given(props: Props) -> dict[str, Any]:
    """Without what is not set: the SDK makes an Output of each, and many jobs feel that."""
    return {name: value for name, value in props.items() if value is not None}
