"""The Kubernetes objects of one revision of a session cluster."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from flink_components.flink import ports
from flink_components.flink.config import config_file, options_are_read
from flink_components.flink.memory import memory_fits
from flink_components.kube.objects import labels
from flink_components.kube.objects.pods import Json, job_manager_pod, task_manager_pod
from flink_components.kube.objects.rendering import (
    Rendering,
    availability_id,
    leader_of,
    volume_source,
)
from flink_components.kube.objects.roles import of_high_availability, role, role_binding
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


def render(
    spec: SessionClusterSpec, revision: int, secret_config: bool = False
) -> SessionClusterObjects:
    """The objects of `revision`, and the shared ones as they are while it is the active one.

    secret_config: the configuration is a Secret whatever its options are called.
    """
    named = names(spec, revision)
    account = named.service_account
    file = config_file(
        spec, rpc_address=named.rpc_service, cluster_id=availability_id(spec.name, revision)
    )
    secret = secret_config or file.sensitive
    source = volume_source(named.config, secret)
    draw = Rendering(
        spec, labels.SESSION_CLUSTER, spec.cluster_key, revision, labels.recommended(spec.name)
    )
    return SessionClusterObjects(
        config=draw.config(named.config, file, secret),
        rest_service=draw.rest_service(named.rest_service),
        rpc_service=draw.rpc_service(named.rpc_service),
        job_manager=draw.deployment(
            labels.JOB_MANAGER,
            named.job_manager,
            spec.job_manager.replicas,
            job_manager_pod(spec, account, source),
        ),
        task_manager=draw.deployment(
            labels.TASK_MANAGER,
            named.task_manager,
            spec.task_manager.replicas,
            task_manager_pod(spec, account, source),
        ),
        stable_service=draw.rest_service(named.stable_service, revision_scoped=False),
        service_account=None if spec.service_account else draw.service_account(account),
        network_policy=draw.network_policy(named.network_policy)
        if spec.network_policy.enabled
        else None,
        **_rights(spec, named, draw),
    )


def _rights(
    spec: SessionClusterSpec, named: SessionClusterNames, draw: Rendering
) -> dict[str, Json]:
    if spec.high_availability_dir is None or spec.service_account:
        return {}
    metadata = draw.metadata(named.role)
    return {
        "role": role(metadata, [of_high_availability()]),
        "role_binding": role_binding(metadata, named.role, named.service_account),
    }


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
