"""Which fields of which kinds cannot be changed in place, so that a change is a replacement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.engine.kubernetes_provider.manifests import Kind, kind_of

Path = tuple[str, ...]

_IDENTITY: tuple[Path, ...] = (("metadata", "name"), ("metadata", "namespace"))

_CONTAINER_FIELDS = [
    "args",
    "command",
    "env",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "resources",
    "securityContext",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
]

_POD_FIELDS = [
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostname",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "volumes",
]

_VOLUME_SOURCES = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
]


def _spec(*names: str) -> tuple[Path, ...]:
    return tuple(("spec", name) for name in names)


_POD = (
    *_spec(*_POD_FIELDS),
    *(
        ("spec", containers, "*", field)
        for containers in ("containers", "initContainers")
        for field in _CONTAINER_FIELDS
    ),
)

_BY_KIND: Mapping[Kind, tuple[Path, ...]] = {
    Kind("apps/v1", "DaemonSet"): _spec("selector"),
    Kind("apps/v1", "Deployment"): _spec("selector"),
    Kind("apps/v1", "StatefulSet"): _spec(
        "podManagementPolicy",
        "revisionHistoryLimit",
        "selector",
        "serviceName",
        "volumeClaimTemplates",
    ),
    Kind("batch/v1", "Job"): _spec("completions", "parallelism", "selector", "template"),
    Kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): (("roleRef",),),
    Kind("rbac.authorization.k8s.io/v1", "RoleBinding"): (("roleRef",),),
    Kind("storage.k8s.io/v1", "StorageClass"): (("parameters",), ("provisioner",)),
    Kind("v1", "PersistentVolume"): _spec(*_VOLUME_SOURCES),
    Kind("v1", "PersistentVolumeClaim"): _spec(
        "accessModes", "selector", "storageClassName", "volumeName"
    ),
    Kind("v1", "Pod"): _POD,
    Kind("v1", "ResourceQuota"): _spec("scopes"),
    Kind("v1", "Secret"): (("type",),),
    Kind("v1", "Service"): _spec("clusterIP"),
}


def force_new_paths(
    manifest: Mapping[str, Any], config_map_mutable: bool, secret_mutable: bool
) -> tuple[Path, ...]:
    """Return the paths whose change replaces this object; "*" stands for any item of a list.

    The data of a ConfigMap or Secret counts unless the provider was told that they are mutable,
    and always where the object itself says ``immutable: true``.
    """
    kind = kind_of(manifest)
    immutable = manifest.get("immutable") is True
    if kind == Kind("v1", "Secret") and (immutable or not secret_mutable):
        return (*_IDENTITY, ("type",), ("stringData",), ("data",))
    if kind == Kind("v1", "ConfigMap") and (immutable or not config_map_mutable):
        return (*_IDENTITY, ("binaryData",), ("data",))
    return (*_IDENTITY, *_BY_KIND.get(kind, ()))


def touches(pattern: Path, path: tuple[str | int, ...], value: Any) -> bool:
    """Whether a change to ``value`` at ``path`` changes what the pattern names."""
    for wanted, step in zip(pattern, path, strict=False):
        if wanted != (step if isinstance(step, str) else "*"):
            return False
    return _has(value, pattern[len(path) :])


def _has(value: Any, rest: Path) -> bool:
    if not rest:
        return True
    if rest[0] == "*":
        return isinstance(value, list) and any(_has(item, rest[1:]) for item in value)
    return isinstance(value, dict) and rest[0] in value and _has(value[rest[0]], rest[1:])
