"""The Kubernetes objects of one revision of a session cluster."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from flink_components.flink import ports
from flink_components.flink.config import ConfigFile, config_file, options_are_read
from flink_components.flink.high_availability import leader_config_map
from flink_components.flink.logging import console_log4j
from flink_components.flink.memory import memory_fits
from flink_components.kube.objects import labels
from flink_components.kube.objects.pods import Json, job_manager_pod, task_manager_pod
from flink_components.kube.objects.roles import availability_role, role_binding
from flink_components.spec.cluster import SessionClusterSpec
from flink_components.spec.connection import Connection
from flink_components.spec.names import plain_or_hashed_name, revision_name
from flink_components.spec.ref import ClusterRef

# What a cluster's spec is to be loaded with, beside its own checks.
CHECKS = (memory_fits, options_are_read)


@dataclass(frozen=True)
class SessionClusterNames:
    """The names of a revision's objects, and of what all revisions share."""

    config: str
    rest_service: str
    rpc_service: str
    job_manager: str
    task_manager: str
    stable_service: str
    service_account: str
    network_policy: str
    role: str


@dataclass(frozen=True)
class SessionClusterObjects:
    """Plain Kubernetes objects, in the order in which they are to be created.

    Of the cluster: service_account (None: an existing one is used), network_policy (None:
    switched off), stable_service. Of the revision: config (a Secret where an option looks like
    one, else a ConfigMap), rest_service, rpc_service, job_manager, task_manager, role and
    role_binding (None: without high availability, or with an existing account).
    """

    service_account: Json | None
    network_policy: Json | None
    stable_service: Json
    config: Json
    rest_service: Json
    rpc_service: Json
    job_manager: Json
    task_manager: Json
    role: Json | None = None
    role_binding: Json | None = None


def names(spec: SessionClusterSpec, revision: int) -> SessionClusterNames:
    """The names of the objects of `revision`."""

    def of_revision(part: str) -> str:
        return revision_name(spec.name, revision, part)

    return SessionClusterNames(
        config=of_revision("config"),
        rest_service=of_revision("rest"),
        rpc_service=of_revision("rpc"),
        job_manager=of_revision("jobmanager"),
        task_manager=of_revision("taskmanager"),
        stable_service=plain_or_hashed_name(spec.name, "-rest"),
        service_account=spec.service_account or plain_or_hashed_name(spec.name, "-flink"),
        network_policy=plain_or_hashed_name(spec.name, "-flink"),
        role=of_revision("ha"),
    )


def availability_id(name: str, revision: int) -> str:
    """What Flink keeps the metadata of a revision's high availability under."""
    return revision_name(name, revision, "ha", limit=45)


def leader_of(spec: SessionClusterSpec, revision: int) -> str | None:
    """The ConfigMap in which Flink names its leader; None where no JobManager stands by."""
    if spec.job_manager.replicas == 1 or "kubernetes" not in (spec.high_availability_kind or ""):
        return None
    return leader_config_map(availability_id(spec.name, revision), spec.flink_version)


def render(
    spec: SessionClusterSpec, revision: int, secret_config: bool = False
) -> SessionClusterObjects:
    """The objects of `revision`, and the shared ones as they are while it is the active one.

    secret_config: the configuration is a Secret whatever its options are called.
    """
    return _Renderer(spec, revision, secret_config).objects()


def fingerprint(spec: SessionClusterSpec) -> str:
    """A hash of what restarts the cluster when it changes: pods and configuration.

    The user's labels and annotations, replicas, Services and the NetworkPolicy are not in it,
    nor the number of a revision; the key is, since a Deployment's selector cannot change.
    """
    objects = render(spec, revision=1)
    restarting = {
        "key": spec.cluster_key,
        "config": objects.config.get("data", objects.config.get("stringData")),
        "jobmanager": objects.job_manager["spec"]["template"]["spec"],
        "taskmanager": objects.task_manager["spec"]["template"]["spec"],
    }
    return hashlib.sha256(json.dumps(restarting, sort_keys=True).encode()).hexdigest()


def cluster_ref(
    spec: SessionClusterSpec, revision: int, connection: Connection, uid: str | None = None
) -> ClusterRef:
    """The reference by which jobs find `revision`. uid: of its REST Service."""
    return ClusterRef(
        key=spec.cluster_key,
        namespace=spec.namespace,
        name=spec.name,
        revision=revision,
        service=names(spec, revision).rest_service,
        port=ports.REST,
        flink_version=spec.flink_version,
        uid=uid,
        slots=spec.slots_total,
        leader=leader_of(spec, revision),
        connection=connection,
    )


def rest_endpoint(spec: SessionClusterSpec) -> str:
    """Where people and dashboards inside Kubernetes find the active revision's REST API."""
    return f"http://{names(spec, 1).stable_service}.{spec.namespace}.svc:{ports.REST}"


class _Renderer:
    def __init__(
        self, spec: SessionClusterSpec, revision: int, secret_config: bool = False
    ) -> None:
        self.spec, self.revision = spec, revision
        self.names = names(spec, revision)
        self.file: ConfigFile = config_file(
            spec,
            rpc_address=self.names.rpc_service,
            cluster_id=availability_id(spec.name, revision),
        )
        self.secret_config = secret_config or self.file.sensitive

    def objects(self) -> SessionClusterObjects:
        spec, account = self.spec, self.names.service_account
        source = (
            {"secret": {"secretName": self.names.config}}
            if self.secret_config
            else {"configMap": {"name": self.names.config}}
        )
        return SessionClusterObjects(
            config=self._config(),
            rest_service=self._service(
                self.names.rest_service, {"rest": ports.REST}, revision_scoped=True
            ),
            rpc_service=self._rpc_service(),
            job_manager=self._deployment(
                labels.JOB_MANAGER,
                self.names.job_manager,
                spec.job_manager.replicas,
                job_manager_pod(spec, account, source),
            ),
            task_manager=self._deployment(
                labels.TASK_MANAGER,
                self.names.task_manager,
                spec.task_manager.replicas,
                task_manager_pod(spec, account, source),
            ),
            stable_service=self._service(
                self.names.stable_service, {"rest": ports.REST}, revision_scoped=False
            ),
            service_account=None if spec.service_account else self._service_account(),
            network_policy=self._network_policy() if spec.network_policy.enabled else None,
            **self._rights(),
        )

    def _rights(self) -> dict[str, Json]:
        if self.spec.high_availability_dir is None or self.spec.service_account:
            return {}
        role = self.names.role
        metadata = self._metadata(role, None, revision_scoped=True)
        account = self.names.service_account
        return {
            "role": availability_role(metadata),
            "role_binding": role_binding(metadata, role, account),
        }

    def _identity(
        self, revision: int | None = None, component: str | None = None
    ) -> dict[str, str]:
        kind, key = labels.SESSION_CLUSTER, self.spec.cluster_key
        return labels.identity(kind, key, revision, component)

    def _metadata(self, name: str, component: str | None, *, revision_scoped: bool) -> Json:
        spec = self.spec
        revision = self.revision if revision_scoped else None
        return {
            "name": name,
            "namespace": spec.namespace,
            "labels": {
                **spec.labels,
                **labels.recommended(spec.name),
                **self._identity(revision, component),
            },
            "annotations": {**spec.annotations, labels.KEY: spec.cluster_key},
        }

    def _config(self) -> Json:
        kind, field = ("Secret", "stringData") if self.secret_config else ("ConfigMap", "data")
        return {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": self._metadata(self.names.config, None, revision_scoped=True),
            field: {
                self.file.name: self.file.text,
                "log4j-console.properties": self.spec.log4j or console_log4j(),
            },
        }

    def _service(self, name: str, numbers: dict[str, int], *, revision_scoped: bool) -> Json:
        """A Service in front of this revision's JobManagers."""
        chosen = self._identity(self.revision, labels.JOB_MANAGER)
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": self._metadata(name, labels.JOB_MANAGER, revision_scoped=revision_scoped),
            "spec": {
                "type": "ClusterIP",
                "selector": chosen,
                "ports": [
                    {"name": port, "port": number, "targetPort": port, "protocol": "TCP"}
                    for port, number in numbers.items()
                ],
            },
        }

    def _rpc_service(self) -> Json:
        """TaskManagers must reach a JobManager that is not ready yet."""
        numbers = {"rpc": ports.JOB_MANAGER_RPC, "blob": ports.BLOB}
        service = self._service(self.names.rpc_service, numbers, revision_scoped=True)
        service["spec"]["publishNotReadyAddresses"] = True
        return service

    def _deployment(self, component: str, name: str, replicas: int, pod: Json) -> Json:
        metadata = self._metadata(name, component, revision_scoped=True)
        chosen = self._identity(self.revision, component)
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": replicas,
                "revisionHistoryLimit": 0,
                # Never two JobManagers that both take themselves for the only one.
                "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": chosen},
                "template": {
                    "metadata": {
                        "labels": dict(metadata["labels"]),
                        "annotations": dict(metadata["annotations"]),
                    },
                    "spec": pod,
                },
            },
        }

    def _service_account(self) -> Json:
        metadata = self._metadata(self.names.service_account, None, revision_scoped=False)
        metadata["annotations"] |= self.spec.account_annotations
        return {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata,
            "automountServiceAccountToken": False,
        }

    def _network_policy(self) -> Json:
        policy = self.spec.network_policy
        own = {"podSelector": {"matchLabels": self._identity()}}
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
            "metadata": self._metadata(self.names.network_policy, None, revision_scoped=False),
            "spec": {
                "podSelector": own["podSelector"],
                "policyTypes": ["Ingress"],
                "ingress": ingress,
            },
        }
