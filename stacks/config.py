"""The configuration of one environment: its `flink:` keys, checked together."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from flink_components import Environment
from flink_components.components.application_deployment import application_problems
from flink_components.components.session_cluster import cluster_problems
from flink_components.components.session_job import job_problems
from flink_components.spec.base import Problem, SpecModel, check
from flink_components.spec.cluster import Labels
from flink_components.spec.connection import Connection
from flink_components.spec.errors import shown
from flink_components.spec.fleet import FleetSpec
from flink_components.spec.high_availability import HighAvailability
from flink_components.spec.job import UpgradeMode
from flink_components.spec.names import Namespace, ObjectName
from flink_components.spec.options import Options
from flink_components.spec.quantity import Memory
from flink_components.spec.state_access import StateAccess
from flink_components.spec.state_storage import StateStorage
from flink_components.spec.storage import StorageUri
from flink_components.spec.version import ClusterFlinkVersion

VOLUME = "data"
"""The name of the volume in the pods."""

Entry = Mapping[str, Any]
_OF_THE_ENVIRONMENT = (
    "namespace",
    "flink_version",
    "connection",
    "volume",
    "savepoint_dir",
    "checkpoint_dir",
    "state_storage",
    "state_access",
    "high_availability",
    "upgrade_mode",
    "labels",
    "config",
)


class VolumeConfig(SpecModel):
    """A volume that every pod mounts; without `size` and `claim` there is none."""

    size: Memory | None = Field(default=None, description="makes a claim of this size")
    claim: ObjectName | None = Field(default=None, description="name of a claim that exists")
    storage_class: ObjectName | None = Field(default=None, description="class of the made claim")
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] = Field(
        default="ReadWriteOnce", description="ReadWriteMany where pods run on several nodes"
    )
    mount_path: str = Field(default="/data", description="where the pods see it", pattern="^/.")

    @check("size", "claim", "storage_class")
    def _made_or_found(self) -> Iterator[Problem]:
        if self.size and self.claim:
            yield Problem("claim", "names a claim that exists, and size makes one", do="keep one")
        if self.storage_class and not self.size:
            yield Problem("storage_class", "is only for a claim that is made", do="give size")

    def claim_name(self) -> str | None:
        """The claim that the pods mount; None without a volume."""
        return self.claim or ("flink-data" if self.size else None)


class StackConfig(SpecModel):
    """Everything that Pulumi.yaml describes; the defaults of keys are there."""

    namespace: Namespace = Field(description="the Kubernetes namespace")
    create_namespace: bool = Field(default=False, description="whether the stack makes it")
    flink_version: ClusterFlinkVersion = Field(description="the Flink version, like 1.20.3")
    connection: Connection = Field(default=Connection(), description="way to the API server")
    volume: VolumeConfig = Field(default=VolumeConfig(), description="a volume of every pod")
    savepoint_dir: StorageUri | None = Field(default=None, description="where savepoints go")
    checkpoint_dir: StorageUri | None = Field(default=None, description="where checkpoints go")
    state_storage: StateStorage | None = Field(
        default=None, description="one place for all state, and how pods are let in there"
    )
    state_access: StateAccess | None = Field(
        default=None, description="how snapshots are read from the machine that runs Pulumi"
    )
    high_availability: HighAvailability | None = Field(
        default=None, description="whether jobs outlive their JobManager"
    )
    upgrade_mode: UpgradeMode = Field(default=UpgradeMode.SAVEPOINT, description="of every job")
    labels: Labels = Field(default={}, description="labels of every object")
    config: Options = Field(default={}, description="Flink options of every cluster")
    clusters: tuple[dict[str, Any], ...] = Field(default=(), description="session clusters")
    jobs: tuple[dict[str, Any], ...] = Field(default=(), description="jobs on these clusters")
    applications: tuple[dict[str, Any], ...] = Field(
        default=(), description="jobs on clusters of their own"
    )
    plan_file: str | None = Field(
        default=None, description="a plan from which no job may differ; read by the components"
    )

    fleet: FleetSpec | None = Field(
        default=None, description="in what order jobs and applications are changed"
    )

    def environment(self) -> Environment:
        """What the clusters and jobs of the stack have in common."""
        return Environment(
            namespace=self.namespace,
            flink_version=self.flink_version,
            connection=self.connection.model_dump(mode="json", exclude_none=True),
            savepoint_dir=self.savepoint_dir or self._on_the_volume("savepoints"),
            checkpoint_dir=self.checkpoint_dir or self._on_the_volume("checkpoints"),
            state_storage=_plain(self.state_storage),
            state_access=_plain(self.state_access),
            high_availability=_plain(self.high_availability),
            upgrade_mode=self.upgrade_mode.value,
            labels=self.labels,
            config=self.config,
            session_cluster=self._mounts(),
            application_deployment=self._mounts(),
        )

    def _on_the_volume(self, folder: str) -> str | None:
        if self.state_storage or self.volume.claim_name() is None:
            return None
        return f"file://{self.volume.mount_path}/{folder}"

    def _mounts(self) -> dict[str, Any]:
        claim = self.volume.claim_name()
        if claim is None:
            return {}
        volume = {"name": VOLUME, "persistentVolumeClaim": {"claimName": claim}}
        mount = {"name": VOLUME, "mountPath": self.volume.mount_path}
        return {"volumes": [volume], "volume_mounts": [mount]}

    @check("clusters")
    def _cluster_names(self) -> Iterator[Problem]:
        yield from _names("clusters", self.clusters)

    @check("jobs")
    def _job_names(self) -> Iterator[Problem]:
        yield from _names("jobs", self.jobs)

    @check("applications")
    def _application_names(self) -> Iterator[Problem]:
        yield from _names("applications", self.applications)

    @check("fleet", "jobs", "applications")
    def _canary(self) -> Iterator[Problem]:
        canary = self.fleet.canary if self.fleet else None
        known = [named(entry)[0] for entry in (*self.jobs, *self.applications)]
        if canary is not None and canary not in known:
            do = f"use one of {', '.join(known)}" if known else "add it to flink:jobs"
            what = "is not the name of a job or application of this stack"
            yield Problem("fleet.canary", what, shown(canary), do)
        if self.fleet is not None and not known:
            do = "add one to flink:jobs, or remove it"
            yield Problem("fleet", "is for jobs and applications, and there is none", do=do)

    @check(*_OF_THE_ENVIRONMENT, "applications")
    def _applications(self) -> Iterator[Problem]:
        environment = self.environment()
        for index, entry in enumerate(self.applications):
            name, args = named(entry)
            for problem in application_problems(name, args, environment) if name else []:
                yield problem.under(f"applications[{index}]")

    @check(*_OF_THE_ENVIRONMENT, "clusters")
    def _clusters(self) -> Iterator[Problem]:
        environment = self.environment()
        for index, entry in enumerate(self.clusters):
            name, args = named(entry)
            for problem in cluster_problems(name, args, environment) if name else []:
                yield problem.under(f"clusters[{index}]")

    @check(*_OF_THE_ENVIRONMENT, "clusters", "jobs")
    def _jobs(self) -> Iterator[Problem]:
        environment = self.environment()
        known = [str(entry.get("name")) for entry in self.clusters]
        for index, entry in enumerate(self.jobs):
            name, args = named(entry)
            where = f"jobs[{index}]"
            if args.get("cluster") not in known:
                yield _no_such_cluster(args.get("cluster"), known).under(where)
            example = {**args, "cluster": _some_ref(self.namespace, self.flink_version)}
            for problem in job_problems(name, example, environment) if name else []:
                yield problem.under(where)


def _plain(value: SpecModel | None) -> dict[str, Any] | None:
    return value.model_dump(mode="json", exclude_unset=True) if value else None


def named(entry: Entry) -> tuple[str, dict[str, Any]]:
    """The name of an entry, empty where there is none, and its arguments."""
    args = dict(entry)
    name = args.pop("name", None)
    return name if isinstance(name, str) else "", args


def _names(field: str, entries: tuple[Entry, ...]) -> Iterator[Problem]:
    names = [named(entry)[0] for entry in entries]
    for index, name in enumerate(names):
        if not name:
            given = entries[index].get("name")
            what = "is missing" if given is None else "must be text"
            shown_as = "" if given is None else shown(given)
            yield Problem(f"{field}[{index}].name", what, shown_as, "give a name")
    for name, times in Counter(filter(None, names)).items():
        if times > 1:
            yield Problem(field, f"names {name} {times} times", do="give each another name")


def _no_such_cluster(given: object, known: list[str]) -> Problem:
    do = f"use one of {', '.join(known)}" if known else "add it to flink:clusters"
    if given is None:
        return Problem("cluster", "is missing", do=do)
    return Problem("cluster", "is not the name of a cluster of this stack", shown(given), do)


def _some_ref(namespace: str, flink_version: str) -> dict[str, Any]:
    """Stands for the cluster that the stack will make, to check the rest of a job."""
    return {
        "key": f"{namespace}/cluster",
        "namespace": namespace,
        "name": "cluster",
        "revision": 1,
        "service": "cluster",
        "flink_version": flink_version,
    }
