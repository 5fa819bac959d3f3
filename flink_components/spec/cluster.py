"""What a user declares for a cluster: a session cluster, or that of an application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from flink_components.spec.base import FieldError, Flag, Problem, SpecModel, check
from flink_components.spec.durable import DurableSpec
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
from flink_components.spec.pods import Placement
from flink_components.spec.quantity import Cpu, Memory
from flink_components.spec.ref import Whole

OWN_LABELS = ("app.kubernetes.io/", "flink-components/")


def _own_label(key: str) -> str:
    if key.startswith(OWN_LABELS):
        raise FieldError("cannot be set here", "choose another key: it is set on every object")
    return key


Count = Annotated[Whole, Field(ge=1)]
Port = Annotated[Whole, Field(ge=1, le=65535)]
Labels = dict[Annotated[LabelKey, AfterValidator(_own_label)], LabelValue]
Annotations = dict[Annotated[LabelKey, AfterValidator(_own_label)], str]


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


class ClusterSpec(DurableSpec):
    """What every cluster declares: its pods, its configuration and where it keeps state."""

    name: Name = Field(description="the cluster's name, at most 63 characters")
    namespace: Namespace = Field(description="its Kubernetes namespace")
    image: FixedImage | None = Field(default=None, description="image (default flink:<version>)")
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        default="IfNotPresent", description="when nodes pull the image"
    )
    image_pull_secrets: list[ObjectName] = Field(
        default=[], description="names of Secrets with which nodes pull the image"
    )
    job_manager: JobManagerSpec = Field(default=JobManagerSpec(), description="the JobManager")
    task_manager: WorkerSpec = Field(default=WorkerSpec(), description="TaskManagers")
    labels: Labels = Field(default={}, description="labels of every object")
    annotations: Annotations = Field(default={}, description="annotations of every object")
    log4j: str | None = Field(default=None, description="a whole log4j-console.properties")
    read_only_root: Flag = Field(default=True, description="whether containers' root is read-only")
    network_policy: NetworkPolicySpec = Field(
        default=NetworkPolicySpec(), description="who may reach the pods"
    )

    @property
    def cluster_image(self) -> str:
        return self.image or f"flink:{self.flink_version}"

    @check("job_manager", "config", "state_storage", "high_availability")
    def _standby_needs_high_availability(self) -> Iterator[Problem]:
        if self.job_manager.replicas > 1 and self.high_availability_kind is None:
            yield Problem(
                "job_manager.replicas",
                "above 1 needs high availability",
                str(self.job_manager.replicas),
                "give 1, or state_storage, or high_availability with a storage_dir",
            )


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

    @check("config", "service_account", "state_storage", "high_availability")
    def _kubernetes_ha_needs_an_account(self) -> Iterator[Problem]:
        """Of the options in `config` alone; `high_availability` brings its own rights."""
        by_hand = self.high_availability_dir is None and self.service_account is None
        if by_hand and "kubernetes" in (self.high_availability_kind or ""):
            yield Problem(
                "service_account",
                "is missing: high availability on Kubernetes reads and writes ConfigMaps",
                do="name a ServiceAccount that may, or use high_availability in place of config",
            )
