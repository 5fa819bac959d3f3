"""What the node needs in its own API: rights of its parts, and a default storage class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.node.api import Api

STORAGE_CLASS = "sandbox-hostpath"
PROVISIONER = "flink-components.dev/sandbox-hostpath"

_RBAC = "/apis/rbac.authorization.k8s.io/v1"


def apply(api: Api) -> None:
    """Create these objects, or bring them up to date."""
    for path, item in _objects():
        api.apply(f"{path}/{item['metadata']['name']}", item)


def _objects() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "/apis/storage.k8s.io/v1/storageclasses", _storage_class()
    yield f"{_RBAC}/clusterroles", _name_service_role()
    for user, role in (
        ("system:coredns", "system:coredns"),
        ("system:sandbox-provisioner", "system:persistent-volume-provisioner"),
        ("system:kube-apiserver", "system:kubelet-api-admin"),
    ):
        yield f"{_RBAC}/clusterrolebindings", _binding(user, role)


def _storage_class() -> dict[str, Any]:
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS, "annotations": default},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }


def _name_service_role() -> dict[str, Any]:
    verbs = ["list", "watch"]
    names = ["endpoints", "services", "pods", "namespaces"]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "system:coredns"},
        "rules": [
            {"apiGroups": [""], "resources": names, "verbs": verbs},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs},
        ],
    }


def _binding(user: str, role: str) -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"sandbox:{user.removeprefix('system:')}"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
