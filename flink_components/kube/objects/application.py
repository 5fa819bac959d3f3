"""The Kubernetes objects of one revision of an application."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

from flink_components.flink import ports
from flink_components.flink.application_config import application_file
from flink_components.flink.config import options_are_read
from flink_components.flink.memory import memory_fits
from flink_components.kube.objects import labels
from flink_components.kube.objects.application_pods import (
    GUARD_JAR,
    agent,
    guarded_job_manager_pod,
    worker_pod,
)
from flink_components.kube.objects.pods import Json
from flink_components.kube.objects.rendering import (
    Rendering,
    availability_id,
    leader_of,
    volume_source,
)
from flink_components.kube.objects.roles import (
    of_high_availability,
    of_the_ledger,
    role,
    role_binding,
)
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.connection import Connection
from flink_components.spec.job import WantedState
from flink_components.spec.names import lease_name, plain_or_hashed_name, revision_name
from flink_components.spec.ref import ClusterRef

# What an application's spec is to be loaded with, beside its own checks.
CHECKS = (memory_fits, options_are_read)
PART_OF = "flink-components"


@dataclass(frozen=True)
class ApplicationNames:
    """The names of a revision's objects, and of what all revisions share."""

    config: str
    guard: str
    rest_service: str
    rpc_service: str
    job_manager: str
    task_manager: str
    role: str
    stable_service: str
    service_account: str
    network_policy: str


@dataclass(frozen=True)
class ApplicationObjects:
    """Plain Kubernetes objects.

    Of the application: service_account (None: an existing one is used), network_policy (None:
    switched off), stable_service. Of the revision: role and role_binding (so that a running one
    keeps its rights), config (a Secret where an option looks like one, else a ConfigMap), guard,
    rest_service, rpc_service, job_manager, task_manager.
    """

    service_account: Json | None
    network_policy: Json | None
    stable_service: Json
    role: Json
    role_binding: Json
    config: Json
    guard: Json
    rest_service: Json
    rpc_service: Json
    job_manager: Json
    task_manager: Json


def names(name: str, revision: int, service_account: str | None = None) -> ApplicationNames:
    """The names of the objects of `revision` of the application `name`."""

    def of_revision(part: str) -> str:
        return revision_name(name, revision, part)

    return ApplicationNames(
        config=of_revision("config"),
        guard=of_revision("guard"),
        rest_service=of_revision("rest"),
        rpc_service=of_revision("rpc"),
        job_manager=of_revision("jobmanager"),
        task_manager=of_revision("taskmanager"),
        role=of_revision("flink"),
        stable_service=plain_or_hashed_name(name, "-rest"),
        service_account=service_account or plain_or_hashed_name(name, "-flink"),
        network_policy=plain_or_hashed_name(name, "-flink"),
    )


def render(
    spec: ApplicationSpec, revision: int, guard: bytes = b"", secret_config: bool = False
) -> ApplicationObjects:
    """The objects of `revision`, and the shared ones as they are while it is the active one.

    guard: the agent's jar. secret_config: the configuration is a Secret whatever its options are
    called. Where the job shall not run there are no pods, until it is resumed.
    """
    named = names(spec.name, revision, spec.service_account)
    account, lease = named.service_account, lease_name("job", spec.key)
    file = application_file(
        spec,
        rpc_address=named.rpc_service,
        cluster_id=availability_id(spec.name, revision),
        agent=agent(spec.namespace, lease, revision),
    )
    secret = secret_config or file.sensitive
    source = volume_source(named.config, secret)
    runs = spec.state is WantedState.RUNNING
    draw = Rendering(
        spec, labels.APPLICATION, spec.key, revision, labels.recommended(spec.name, PART_OF)
    )
    rights = draw.metadata(named.role)
    on_kubernetes = "kubernetes" in (spec.high_availability_kind or "")
    rules = [of_the_ledger(lease), *([of_high_availability()] if on_kubernetes else [])]
    return ApplicationObjects(
        service_account=None if spec.service_account else draw.service_account(account),
        role=role(rights, rules),
        role_binding=role_binding(rights, named.role, account),
        network_policy=draw.network_policy(named.network_policy)
        if spec.network_policy.enabled
        else None,
        stable_service=draw.rest_service(named.stable_service, revision_scoped=False),
        config=draw.config(named.config, file, secret),
        guard={
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": draw.metadata(named.guard),
            "binaryData": {GUARD_JAR: base64.b64encode(guard).decode()},
        },
        rest_service=draw.rest_service(named.rest_service),
        rpc_service=draw.rpc_service(named.rpc_service),
        job_manager=draw.deployment(
            labels.JOB_MANAGER,
            named.job_manager,
            spec.job_manager.replicas if runs else 0,
            guarded_job_manager_pod(spec, account, source, named.guard),
        ),
        task_manager=draw.deployment(
            labels.TASK_MANAGER,
            named.task_manager,
            spec.task_managers if runs else 0,
            worker_pod(spec, account, source, named.guard),
        ),
    )


def fingerprint(spec: ApplicationSpec) -> str:
    """A hash of what makes a new revision when it changes: pods, configuration and program.

    Labels, annotations, replicas, Services, deadlines and the agent itself are not in it, nor the
    number of a revision; the key is, since a Deployment's selector cannot change. Where savepoints
    go is not: each one is asked for with its directory.
    """
    objects = render(spec.model_copy(update={"savepoint_dir": None}), revision=1)
    restarting = {
        "key": spec.key,
        "config": objects.config.get("data", objects.config.get("stringData")),
        "jobmanager": objects.job_manager["spec"]["template"]["spec"],
        "taskmanager": objects.task_manager["spec"]["template"]["spec"],
        "jar": [spec.jar, spec.jar_sha256],
    }
    return hashlib.sha256(json.dumps(restarting, sort_keys=True).encode()).hexdigest()


def cluster_ref(
    spec: ApplicationSpec, revision: int, connection: Connection, uid: str | None = None
) -> ClusterRef:
    """The reference by which Flink of `revision` is found. uid: of its REST Service."""
    return ClusterRef(
        kind="application",
        key=spec.key,
        namespace=spec.namespace,
        name=spec.name,
        revision=revision,
        service=names(spec.name, revision).rest_service,
        port=ports.REST,
        flink_version=spec.flink_version,
        uid=uid,
        slots=spec.slots_total,
        leader=leader_of(spec, revision),
        connection=connection,
    )


def rest_endpoint(spec: ApplicationSpec) -> str:
    """Where people and dashboards inside Kubernetes find the active revision's REST API."""
    return f"http://{names(spec.name, 1).stable_service}.{spec.namespace}.svc:{ports.REST}"
