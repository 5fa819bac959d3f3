"""What the objects of session clusters and of applications have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flink_components.flink import ports
from flink_components.flink.config import ConfigFile
from flink_components.flink.high_availability import leader_config_map
from flink_components.flink.logging import console_log4j
from flink_components.kube.objects import labels
from flink_components.kube.objects.pods import Json
from flink_components.spec.cluster import ClusterSpec
from flink_components.spec.names import revision_name


def availability_id(name: str, revision: int) -> str:
    """What Flink keeps the metadata of a revision's high availability under."""
    return revision_name(name, revision, "ha", limit=45)


def leader_of(spec: ClusterSpec, revision: int) -> str | None:
    """The ConfigMap in which Flink names its leader; None where no JobManager stands by."""
    if spec.job_manager.replicas == 1 or "kubernetes" not in (spec.high_availability_kind or ""):
        return None
    return leader_config_map(availability_id(spec.name, revision), spec.flink_version)


def volume_source(config: str, secret: bool) -> Json:
    """The volume that holds a revision's configuration."""
    return {"secret": {"secretName": config}} if secret else {"configMap": {"name": config}}


@dataclass(frozen=True)
class Rendering:
    """Draws the objects of one revision, all with the labels by which they are found again.

    kind: one of `labels`. recommended: the labels of `labels.recommended`.
    """

    spec: ClusterSpec
    kind: str
    key: str
    revision: int
    recommended: Mapping[str, str]

    def identity(self, revision: int | None = None, component: str | None = None) -> dict[str, str]:
        """What selects the objects, or those of a revision or component."""
        return labels.identity(self.kind, self.key, revision, component)

    def metadata(
        self, name: str, component: str | None = None, *, revision_scoped: bool = True
    ) -> Json:
        """The metadata of an object of the revision, or of all revisions."""
        spec = self.spec
        revision = self.revision if revision_scoped else None
        return {
            "name": name,
            "namespace": spec.namespace,
            "labels": {**spec.labels, **self.recommended, **self.identity(revision, component)},
            "annotations": {**spec.annotations, labels.KEY: self.key},
        }

    def config(self, name: str, file: ConfigFile, secret: bool) -> Json:
        """What is mounted as Flink's folder of configuration."""
        kind, field = ("Secret", "stringData") if secret else ("ConfigMap", "data")
        return {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": self.metadata(name),
            field: {
                file.name: file.text,
                "log4j-console.properties": self.spec.log4j or console_log4j(),
            },
        }

    def rest_service(self, name: str, *, revision_scoped: bool = True) -> Json:
        """A Service in front of this revision's REST API."""
        return self._service(name, {"rest": ports.REST}, revision_scoped=revision_scoped)

    def rpc_service(self, name: str) -> Json:
        """TaskManagers must reach a JobManager that is not ready yet."""
        service = self._service(name, {"rpc": ports.JOB_MANAGER_RPC, "blob": ports.BLOB})
        service["spec"]["publishNotReadyAddresses"] = True
        return service

    def _service(
        self, name: str, numbers: Mapping[str, int], *, revision_scoped: bool = True
    ) -> Json:
        """A Service in front of this revision's JobManagers."""
        metadata = self.metadata(name, labels.JOB_MANAGER, revision_scoped=revision_scoped)
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "type": "ClusterIP",
                "selector": self.identity(self.revision, labels.JOB_MANAGER),
                "ports": [
                    {"name": port, "port": number, "targetPort": port, "protocol": "TCP"}
                    for port, number in numbers.items()
                ],
            },
        }

    def deployment(self, component: str, name: str, replicas: int, pod: Json) -> Json:
        """The pods of one component of the revision."""
        metadata = self.metadata(name, component)
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": replicas,
                "revisionHistoryLimit": 0,
                # Never two JobManagers that both take themselves for the only one.
                "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": self.identity(self.revision, component)},
                "template": {
                    "metadata": {
                        "labels": dict(metadata["labels"]),
                        "annotations": dict(metadata["annotations"]),
                    },
                    "spec": pod,
                },
            },
        }

    def service_account(self, name: str) -> Json:
        """The account of the pods, whose token only those mount that need it."""
        metadata = self.metadata(name, revision_scoped=False)
        metadata["annotations"] |= self.spec.account_annotations
        return {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata,
            "automountServiceAccountToken": False,
        }

    def network_policy(self, name: str) -> Json:
        """The RPC ports are only for the pods themselves."""
        policy = self.spec.network_policy
        own = {"podSelector": {"matchLabels": self.identity()}}
        rest: dict[str, Any] = {"ports": [{"protocol": "TCP", "port": ports.REST}]}
        if policy.rest_from == "namespace":
            rest["from"] = [{"podSelector": {}}]
        ingress: list[Json] = [{"from": [own]}, rest]
        if policy.open_ports:
            numbers = sorted(set(policy.open_ports))
            ingress.append({"ports": [{"protocol": "TCP", "port": number} for number in numbers]})
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": self.metadata(name, revision_scoped=False),
            "spec": {
                "podSelector": own["podSelector"],
                "policyTypes": ["Ingress"],
                "ingress": ingress,
            },
        }
