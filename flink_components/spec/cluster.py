"""What a user declares for a cluster: a session cluster, or that of an application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from flink_components.spec.base import FieldError, Flag, Problem, SpecModel, check
from flink_components.spec.image import FixedImage
from flink_components.spec.names import (
    Key,
    LabelKey,
    LabelValue,
    Name,
    Namespace,
    ObjectName,
    job_key,
)
from flink_components.spec.options import Options
from flink_components.spec.pods import EnvVar, Placement, Volume, VolumeMount
from flink_components.spec.quantity import Cpu, Memory
from flink_components.spec.ref import Whole
from flink_components.spec.storage import StorageUri
from flink_components.spec.version import ClusterFlinkVersion

OWN_LABELS = ("app.kubernetes.io/", "flink-components/")
_HA_OPTIONS = ("high-availability.type", "high-availability")


def _own_label(key: str) -> str:
    if key.startswith(OWN_LABELS):
        raise FieldError("cannot be set here", "choose another key: it is set on every object")
    return key


def _plugin_name(value: str) -> str:
    if value.endswith(".jar") or "/" in value or not value.startswith("flink-"):
        raise FieldError(
            "is not the name of a built-in plugin",
            "write it without version and .jar, like flink-s3-fs-hadoop",
        )
    return value


Count = Annotated[Whole, Field(ge=1)]
Port = Annotated[Whole, Field(ge=1, le=65535)]
Labels = dict[Annotated[LabelKey, AfterValidator(_own_label)], LabelValue]
Annotations = dict[Annotated[LabelKey, AfterValidator(_own_label)], str]
PluginName = Annotated[str, AfterValidator(_plugin_name)]


class RoleSpec(Placement):
    """What JobManagers and TaskManagers have in common."""

    cpu: Cpu = Field(default=Cpu(1000), description="processors requested, e.g. 0.5 or 500m")
    cpu_limit: Cpu | None = Field(default=None, description="limit of processors (default: none)")

    @check("cpu", "cpu_limit")
    def _limit_above_request(self) -> Iterator[Problem]:
        if self.cpu_limit is not None and self.cpu_limit < self.cpu:
            yield Problem(
                "cpu_limit", "is less than cpu", str(self.cpu_limit), f"give {self.cpu} or more"
            )


class JobManagerSpec(RoleSpec):
    """The JobManager: memory is the pod's limit, and Flink gets exactly this."""

    memory: Memory = Field(default=Memory.mebibytes(1600), description="memory, e.g. 1600Mi")
    replicas: Count = Field(default=1, description="how many; above 1 needs high availability")


class WorkerSpec(RoleSpec):
    """The TaskManagers: memory is each pod's limit, and Flink gets exactly this."""

    memory: Memory = Field(default=Memory.mebibytes(1728), description="memory, e.g. 2Gi")
    replicas: Count | None = Field(
        default=None, description="how many (default: as many as the parallelism needs)"
    )
    slots: Count = Field(default=1, description="task slots of each")
    managed_memory_fraction: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        default=None, description="share of Flink's memory for RocksDB and batch (default 0.4)"
    )


class TaskManagerSpec(WorkerSpec):
    """The TaskManagers of a session cluster."""

    replicas: Annotated[Whole, Field(ge=0)] = Field(default=1, description="how many")


class NetworkPolicySpec(SpecModel):
    """Who may reach the pods; the RPC ports are only for the cluster's own pods."""

    enabled: Flag = Field(default=True, description="whether there is a NetworkPolicy")
    rest_from: Literal["anywhere", "namespace"] = Field(
        default="anywhere",
        description="who reaches REST; the API server's proxy needs anywhere",
    )
    open_ports: list[Port] = Field(
        default=[], description="other ports open to anyone, e.g. of a metrics reporter"
    )


class ClusterSpec(Placement):
    """What every cluster declares: its pods, its configuration and where it keeps state."""

    name: Name = Field(description="the cluster's name, at most 63 characters")
    namespace: Namespace = Field(description="its Kubernetes namespace")
    flink_version: ClusterFlinkVersion = Field(description="its Flink version, like 1.20.3")
    image: FixedImage | None = Field(default=None, description="image (default flink:<version>)")
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        default="IfNotPresent", description="when nodes pull the image"
    )
    image_pull_secrets: list[ObjectName] = Field(
        default=[], description="names of Secrets with which nodes pull the image"
    )
    config: Options = Field(default={}, description="Flink options, dotted keys")
    plugins: list[PluginName] = Field(
        default=[], description="built-in plugins of the image to switch on"
    )
    job_manager: JobManagerSpec = Field(default=JobManagerSpec(), description="the JobManager")
    task_manager: WorkerSpec = Field(default=WorkerSpec(), description="TaskManagers")
    service_account: ObjectName | None = Field(
        default=None, description="name of an existing ServiceAccount (default: one is made)"
    )
    service_account_annotations: dict[LabelKey, str] = Field(
        default={}, description="annotations of the made ServiceAccount, e.g. of a cloud identity"
    )
    labels: Labels = Field(default={}, description="labels of every object")
    annotations: Annotations = Field(default={}, description="annotations of every object")
    env: list[EnvVar] = Field(default=[], description="environment variables")
    volumes: list[Volume] = Field(default=[], description="Kubernetes volumes of every pod")
    volume_mounts: list[VolumeMount] = Field(
        default=[], description="Kubernetes volumeMounts of every container"
    )
    savepoint_dir: StorageUri | None = Field(default=None, description="where savepoints go")
    checkpoint_dir: StorageUri | None = Field(default=None, description="where checkpoints go")
    log4j: str | None = Field(default=None, description="a whole log4j-console.properties")
    read_only_root: Flag = Field(default=True, description="whether containers' root is read-only")
    network_policy: NetworkPolicySpec = Field(
        default=NetworkPolicySpec(), description="who may reach the pods"
    )

    @property
    def cluster_image(self) -> str:
        return self.image or f"flink:{self.flink_version}"

    @property
    def high_availability(self) -> str | None:
        """The kind of high availability that `config` names, e.g. `kubernetes`; None: none."""
        kinds = (str(self.config[name]) for name in _HA_OPTIONS if name in self.config)
        kind = next(kinds, "none").lower()
        return None if kind in ("none", "standalone") else kind

    @check("job_manager", "config")
    def _standby_needs_high_availability(self) -> Iterator[Problem]:
        if self.job_manager.replicas > 1 and self.high_availability is None:
            yield Problem(
                "job_manager.replicas",
                "above 1 needs high availability",
                str(self.job_manager.replicas),
                "give 1, or set high-availability.type in config",
            )

    @check("service_account", "service_account_annotations")
    def _annotations_of_a_made_account(self) -> Iterator[Problem]:
        if self.service_account and self.service_account_annotations:
            yield Problem(
                "service_account_annotations",
                "are only for a ServiceAccount that is made here",
                do="remove service_account, or annotate that one",
            )

    @check("plugins", "flink_version")
    def _plugins_need_a_full_version(self) -> Iterator[Problem]:
        if self.plugins and self.flink_version.count(".") < 2:
            yield Problem(
                "flink_version",
                "must be a full version where plugins are named",
                repr(self.flink_version),
                f"write it like {self.flink_version}.3",
            )

    @check("volumes", "volume_mounts")
    def _mounts_have_volumes(self) -> Iterator[Problem]:
        names = [volume["name"] for volume in self.volumes]
        for index, mount in enumerate(self.volume_mounts):
            if mount["name"] not in names:
                yield Problem(
                    f"volume_mounts[{index}].name",
                    "is not the name of a volume",
                    repr(mount["name"]),
                    f"use one of {', '.join(names)}" if names else "add it to volumes",
                )

    @check("volumes")
    def _volume_names_once(self) -> Iterator[Problem]:
        yield from _once("volumes", [volume["name"] for volume in self.volumes])

    @check("volume_mounts")
    def _mount_paths_once(self) -> Iterator[Problem]:
        yield from _once("volume_mounts", [mount["mountPath"] for mount in self.volume_mounts])

    @check("env")
    def _variables_once(self) -> Iterator[Problem]:
        yield from _once("env", [variable.name for variable in self.env])


class SessionClusterSpec(ClusterSpec):
    """A session cluster in standalone mode."""

    key: Key | None = Field(default=None, description="its key (default <namespace>/<name>)")
    task_manager: TaskManagerSpec = Field(default=TaskManagerSpec(), description="TaskManagers")

    @property
    def cluster_key(self) -> str:
        return self.key or job_key(self.namespace, self.name)

    @property
    def slots_total(self) -> int:
        return self.task_manager.replicas * self.task_manager.slots

    @check("config", "service_account")
    def _kubernetes_ha_needs_an_account(self) -> Iterator[Problem]:
        if "kubernetes" in (self.high_availability or "") and self.service_account is None:
            yield Problem(
                "service_account",
                "is missing: high availability on Kubernetes reads and writes ConfigMaps",
                do="name a ServiceAccount that may",
            )


def _once(path: str, names: list[str]) -> Iterator[Problem]:
    for name, times in Counter(names).items():
        if times > 1:
            yield Problem(path, f"names {name} {times} times", do="keep one")
