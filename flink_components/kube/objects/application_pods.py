"""The pods of an application: those of a cluster, with a JobManager whose start is guarded."""

from __future__ import annotations

from typing import Any

from flink_components.flink.config import WORK_DIR
from flink_components.kube.objects.pods import (
    Json,
    field_ref,
    job_manager_container,
    pod_of,
    task_manager_pod,
)
from flink_components.spec.application import ApplicationSpec
from flink_components.spec.pods import OF_APPLICATIONS, OWN_VOLUMES

GUARD_JAR = "guard.jar"
_GUARD = "flink-guard"
_CONF = OWN_VOLUMES["flink-conf"]
_WRITABLE_CONF = f"{WORK_DIR}/conf"
# It waits at the guard for as long as it must: only a JobManager that has started may be hung.
_STARTUP = {"periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 2**31 - 1}
_REST = {"httpGet": {"path": "/config", "port": "rest"}}


def agent(namespace: str, lease: str, revision: int) -> str:
    """The JVM option by which a JobManager waits until the ledger tells its revision to go."""
    given = {"namespace": namespace, "lease": lease, "revision": revision, "conf": _WRITABLE_CONF}
    text = ",".join(f"{name}={value}" for name, value in given.items())
    return f"-javaagent:{OF_APPLICATIONS[_GUARD]}/{GUARD_JAR}={text}"


def guarded_job_manager_pod(spec: ApplicationSpec, account: str, config: Json, guard: str) -> Json:
    """The pod spec of a JobManager. config: the volume source of the configuration.

    guard: the name of the ConfigMap with the agent.
    """
    container = {
        **job_manager_container(_job_manager_args(spec)),
        "startupProbe": {**_REST, **_STARTUP},
    }
    pod = pod_of(spec, spec.job_manager, container, account, config)
    flink = pod["containers"][0]
    flink["env"][:0] = [
        {"name": "POD_UID", "valueFrom": field_ref("metadata.uid")},
        {"name": "FLINK_CONF_DIR", "value": _WRITABLE_CONF},
    ]
    mount = {"name": _GUARD, "mountPath": OF_APPLICATIONS[_GUARD], "readOnly": True}
    flink["volumeMounts"].append(mount)
    pod["volumes"].append({"name": _GUARD, "configMap": {"name": guard}})
    # The guard reads and claims the ledger with it.
    pod["automountServiceAccountToken"] = True
    pod["initContainers"] = [_copy_of_the_configuration(flink)]
    return pod


def worker_pod(spec: ApplicationSpec, account: str, config: Json) -> Json:
    """The pod spec of a TaskManager. config: the volume source of the configuration."""
    return task_manager_pod(spec, account, config)


def _job_manager_args(spec: ApplicationSpec) -> list[str]:
    args = ["standalone-job"]
    if spec.entry_class:
        args += ["--job-classname", spec.entry_class]
    if spec.high_availability:
        args += ["-D", "jobmanager.rpc.address=$(POD_IP)"]
    if spec.args:
        # Behind `--` Flink takes none of the job's arguments for its own: `--from x` would be a
        # savepoint to start from. Kubernetes would replace $(NAME).
        args += ["--", *(argument.replace("$", "$$") for argument in spec.args)]
    return args


def _copy_of_the_configuration(flink: Json) -> Json:
    """What the guard writes into, before Flink reads it."""
    script = f"mkdir -p {_WRITABLE_CONF} && cp {_CONF}/* {_WRITABLE_CONF}/"
    return _beside(flink, "configuration", ["sh", "-c", script], ("flink-conf", "flink-work"))


def _beside(flink: Json, name: str, command: list[str], volumes: tuple[str, ...]) -> Json:
    """An init container of the same image and size, so that it needs nothing more."""
    same = ("image", "imagePullPolicy", "resources", "securityContext")
    mounts: list[Any] = [one for one in flink["volumeMounts"] if one["name"] in volumes]
    return {
        "name": name,
        "command": command,
        **{field: flink[field] for field in same},
        "volumeMounts": mounts,
    }
