"""The pods of clusters; they pass the `restricted` Pod Security Standard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flink_components.flink import ports
from flink_components.flink.config import UPLOAD_DIR
from flink_components.flink.image_jars import IMAGE_JAR, USER_JARS
from flink_components.kube.objects.state_storage import (
    storage_env,
    storage_mounts,
    storage_volumes,
)
from flink_components.spec.cluster import (
    ClusterSpec,
    JobManagerSpec,
    SessionClusterSpec,
    WorkerSpec,
)
from flink_components.spec.pods import OWN_VOLUMES, EnvVar, KeyRef
from flink_components.spec.quantity import Duration

FLINK_USER = 9999
_DEFAULT_GRACE = Duration(60_000)
_PLUGINS = "/opt/flink/plugins"

Json = dict[str, Any]


def job_manager_pod(spec: SessionClusterSpec, account: str, config: Json) -> Json:
    """The pod spec of a JobManager. config: the volume source of the configuration."""
    args = ["jobmanager"]
    if spec.high_availability_kind:
        args += ["-D", "jobmanager.rpc.address=$(POD_IP)"]
    container = {
        **job_manager_container(args),
        "startupProbe": {**_REST, **_STARTUP},
        # At each start of the container: a JobManager that ends removes its folder of jars.
        "lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", offer_image_jars(spec)]}}},
    }
    return pod_of(spec, spec.job_manager, container, account, config)


def job_manager_container(args: list[str]) -> Json:
    """What the container of every JobManager has; its start may take longer or shorter."""
    return {
        "name": "jobmanager",
        "args": args,
        "ports": [
            _port("rest", ports.REST),
            _port("rpc", ports.JOB_MANAGER_RPC),
            _port("blob", ports.BLOB),
            _port("metrics-query", ports.METRICS_QUERY),
        ],
        "readinessProbe": {**_REST, **_READINESS},
        # Not HTTP: a long pause must not cost all jobs of a JobManager without a standby.
        "livenessProbe": {"tcpSocket": {"port": "rest"}, **_LIVENESS},
    }


def task_manager_pod(spec: ClusterSpec, account: str, config: Json) -> Json:
    """The pod spec of a TaskManager. config: the volume source of the configuration."""
    rpc = {"tcpSocket": {"port": "rpc"}}
    container = {
        "name": "taskmanager",
        # A container that restarts takes the place of the one before it at once, by its id.
        "args": [
            "taskmanager",
            "-D",
            "taskmanager.host=$(POD_IP)",
            "-D",
            "taskmanager.resource-id=$(POD_NAME)",
        ],
        "ports": [
            _port("data", ports.TASK_MANAGER_DATA),
            _port("rpc", ports.TASK_MANAGER_RPC),
            _port("metrics-query", ports.METRICS_QUERY),
        ],
        "startupProbe": {**rpc, **_STARTUP},
        "readinessProbe": {**rpc, **_READINESS},
        "livenessProbe": {**rpc, **_LIVENESS},
    }
    return pod_of(spec, spec.task_manager, container, account, config)


def offer_image_jars(spec: SessionClusterSpec) -> str:
    """A shell script that offers the jars of the image beside the uploaded ones.

    Flink lists and runs only what is in its upload folder, by names with an underscore.
    """
    folder = f"{spec.config.get('web.upload.dir', UPLOAD_DIR)}/flink-web-upload"
    return (
        f'mkdir -p "{folder}" && for jar in {USER_JARS}/*.jar; do '
        f'if [ -f "$jar" ]; then ln -sf "$jar" "{folder}/{IMAGE_JAR}${{jar##*/}}"; fi; done'
    )


_REST = {"httpGet": {"path": "/config", "port": "rest"}}
_STARTUP = {"periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 300}
_READINESS = {"periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 3}
_LIVENESS = {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6}


def pod_of(
    spec: ClusterSpec,
    role: JobManagerSpec | WorkerSpec,
    container: Mapping[str, Any],
    account: str,
    config: Json,
) -> Json:
    """The pod spec around the one Flink container of a role."""
    plugins = [f"{plugin}-{spec.flink_version}" for plugin in spec.built_in_plugins]
    own = {"flink-conf": config, "flink-log": {}, "flink-work": {}, "tmp": {}}
    volumes = [{"name": name, **(source or {"emptyDir": {}})} for name, source in own.items()] + [
        {"name": f"plugin-{number}", "emptyDir": {}} for number in range(len(plugins))
    ]
    volumes += storage_volumes(spec.state_storage)
    mounts: list[Json] = [{"name": name, "mountPath": path} for name, path in OWN_VOLUMES.items()]
    mounts[0]["readOnly"] = True
    # The image's entrypoint makes a link in here, which a read-only root would not allow.
    mounts += [
        {"name": f"plugin-{number}", "mountPath": f"{_PLUGINS}/{plugin}"}
        for number, plugin in enumerate(plugins)
    ]
    mounts += storage_mounts(spec.state_storage)
    flink = {
        **container,
        "image": spec.cluster_image,
        "imagePullPolicy": spec.image_pull_policy,
        "env": _env(spec, plugins),
        "resources": _resources(role),
        "volumeMounts": [*mounts, *spec.volume_mounts],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": spec.read_only_root,
        },
    }
    return {
        "serviceAccountName": account,
        "automountServiceAccountToken": "kubernetes" in (spec.high_availability_kind or ""),
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": FLINK_USER,
            "runAsGroup": FLINK_USER,
            "fsGroup": FLINK_USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [flink],
        "volumes": [*volumes, *spec.volumes],
        **_placement(spec, role),
        **_if_any("imagePullSecrets", [{"name": name} for name in spec.image_pull_secrets]),
    }


def _port(name: str, number: int) -> Json:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _resources(role: JobManagerSpec | WorkerSpec) -> Json:
    memory = role.memory.kubernetes
    limits = {"memory": memory}
    if role.cpu_limit is not None:
        limits["cpu"] = role.cpu_limit.kubernetes
    return {"requests": {"cpu": role.cpu.kubernetes, "memory": memory}, "limits": limits}


def _env(spec: ClusterSpec, plugins: list[str]) -> list[Json]:
    variables: list[Json] = [
        {"name": "POD_IP", "valueFrom": field_ref("status.podIP")},
        {"name": "POD_NAME", "valueFrom": field_ref("metadata.name")},
    ]
    if plugins:
        jars = ";".join(f"{plugin}.jar" for plugin in plugins)
        variables.append({"name": "ENABLE_BUILT_IN_PLUGINS", "value": jars})
    return [*variables, *storage_env(spec.state_storage), *map(_variable, spec.env)]


def _variable(variable: EnvVar) -> Json:
    source = variable.value_from
    if source is None:
        return {"name": variable.name, "value": variable.value}
    if source.secret is not None:
        value_from = {"secretKeyRef": _key(source.secret)}
    elif source.config_map is not None:
        value_from = {"configMapKeyRef": _key(source.config_map)}
    else:
        value_from = field_ref(source.field_path or "")
    return {"name": variable.name, "valueFrom": value_from}


def _key(ref: KeyRef) -> Json:
    return {"name": ref.name, "key": ref.key, **({"optional": True} if ref.optional else {})}


def field_ref(path: str) -> Json:
    """The value of a variable: a field of the pod."""
    return {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}


def _placement(spec: ClusterSpec, role: JobManagerSpec | WorkerSpec) -> Json:
    """Placement of a role: its own field where it has one, else the cluster's."""

    def of(name: str) -> Any:
        own = getattr(role, name)
        return own if own is not None else getattr(spec, name)

    grace = of("termination_grace") or _DEFAULT_GRACE
    return {
        "terminationGracePeriodSeconds": math.ceil(grace.seconds),
        **_if_any("nodeSelector", of("node_selector")),
        **_if_any("tolerations", of("tolerations")),
        **_if_any("affinity", of("affinity")),
        **_if_any("topologySpreadConstraints", of("topology_spread_constraints")),
        **_if_any("priorityClassName", of("priority_class_name")),
    }


def _if_any(name: str, value: Any) -> Json:
    return {name: value} if value else {}
