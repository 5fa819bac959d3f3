"""The pods of an application: those of a cluster, with a JobManager whose start is guarded."""

from __future__ import annotations

from flink_components.flink.config import WORK_DIR
from flink_components.flink.image_jars import IN_IMAGE, USER_JARS
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
_GUARD, _JAR = "flink-guard", "flink-jar"
_CONF = OWN_VOLUMES["flink-conf"]
_WRITABLE_CONF = f"{WORK_DIR}/conf"
# It waits at the guard for as long as it must: only a JobManager that has started may be hung.
_STARTUP = {"periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 2**31 - 1}
# A JVM that ends soon: its threads for optimizing and for garbage would take longer than they save.
_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
_COPY = f"mkdir -p {_WRITABLE_CONF} && cp {_CONF}/* {_WRITABLE_CONF}/"
_REST = {"httpGet": {"path": "/config", "port": "rest"}}


def agent(namespace: str, lease: str, revision: int) -> str:
    """The JVM option by which a JobManager waits until the ledger tells its revision to go."""
    given = {"namespace": namespace, "lease": lease, "revision": revision, "conf": _WRITABLE_CONF}
    text = ",".join(f"{name}={value}" for name, value in given.items())
    return f"-javaagent:{OF_APPLICATIONS[_GUARD]}/{GUARD_JAR}={text}"


def fetch_script(agent_jar: str, library: str) -> str:
    """A shell script that gets a jar: `CONF FROM SHA256 TO`. library: where Flink's jars are."""
    return (
        f'exec "${{JAVA_HOME:+$JAVA_HOME/bin/}}java" {_SHORT_LIVED} -cp "{agent_jar}:{library}/*" '
        'org.flinkcomponents.guard.Fetch "$@"'
    )


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
    # The guard reads and claims the ledger with it.
    pod["automountServiceAccountToken"] = True
    _mount(pod, _GUARD, {"configMap": {"name": guard}}, flink)
    if _is_fetched(spec):
        # One init container for both: the kubelet takes a second for each.
        return _with_the_jar(spec, pod, f"{_COPY} && ")
    pod["initContainers"] = [_copy_of_the_configuration(flink)]
    return pod


def worker_pod(spec: ApplicationSpec, account: str, config: Json, guard: str) -> Json:
    """The pod spec of a TaskManager, with the same arguments."""
    pod = task_manager_pod(spec, account, config)
    if not _is_fetched(spec):
        return pod
    pod["volumes"].append({"name": _GUARD, "configMap": {"name": guard}})
    return _with_the_jar(spec, pod)


def _job_manager_args(spec: ApplicationSpec) -> list[str]:
    args = ["standalone-job"]
    if spec.entry_class:
        args += ["--job-classname", spec.entry_class]
    if spec.high_availability_kind:
        args += ["-D", "jobmanager.rpc.address=$(POD_IP)"]
    if spec.args:
        # Behind `--` Flink takes none of the job's arguments for its own: `--from x` would be a
        # savepoint to start from. Kubernetes would replace $(NAME).
        args += ["--", *(argument.replace("$", "$$") for argument in spec.args)]
    return args


def _copy_of_the_configuration(flink: Json) -> Json:
    """What the guard writes into, before Flink reads it."""
    mounts = [one for one in flink["volumeMounts"] if one["name"] in ("flink-conf", "flink-work")]
    return {
        "name": "configuration",
        "command": ["sh", "-c", _COPY],
        **_same(flink),
        "volumeMounts": mounts,
    }


def _is_fetched(spec: ApplicationSpec) -> bool:
    return not spec.jar.startswith(IN_IMAGE)


def _with_the_jar(spec: ApplicationSpec, pod: Json, before: str = "") -> Json:
    """A pod that gets the jar itself; `before` is what else a shell does there first.

    Through the image's entrypoint, which switches plugins on, and with all that Flink has: the
    same identity, file systems and options.
    """
    (flink,) = pod["containers"]
    script = before + fetch_script(f"{OF_APPLICATIONS[_GUARD]}/{GUARD_JAR}", "/opt/flink/lib")
    given = [_CONF, spec.jar.replace("$", "$$"), spec.jar_sha256 or "-", f"{USER_JARS}/job.jar"]
    init = {
        "name": "jar",
        "args": ["sh", "-c", script, "fetch", *given],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "env": [*flink["env"], {"name": "FLINK_PLUGINS_DIR", "value": "/opt/flink/plugins"}],
        **_same(flink),
        "volumeMounts": [one for one in flink["volumeMounts"] if one["name"] != _GUARD],
    }
    pod["initContainers"] = [init]
    init["volumeMounts"].append(_mount_of(_GUARD))
    init["volumeMounts"].append({**_mount_of(_JAR), "readOnly": False})
    _mount(pod, _JAR, {"emptyDir": {}}, flink)
    return pod


def _same(flink: Json) -> Json:
    """What an init container has of Flink's own, so that its pod needs nothing more."""
    same = ("image", "imagePullPolicy", "resources", "securityContext")
    return {field: flink[field] for field in same}


def _mount(pod: Json, name: str, source: Json, container: Json) -> None:
    pod["volumes"].append({"name": name, **source})
    container["volumeMounts"].append(_mount_of(name))


def _mount_of(name: str) -> Json:
    return {"name": name, "mountPath": OF_APPLICATIONS[name], "readOnly": True}
