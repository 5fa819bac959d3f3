"""The rights that Flink's pods need for high availability, in their namespace."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_GROUP = "rbac.authorization.k8s.io"
_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")


def availability_role(metadata: Json) -> Json:
    """A Role for leader election and metadata. RBAC can't say which ConfigMaps may be created."""
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "Role",
        "metadata": metadata,
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": list(_VERBS)}],
    }


def role_binding(metadata: Json, role: str, account: str) -> Json:
    """Gives a Role to a ServiceAccount of the same namespace."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": metadata["namespace"]}
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _GROUP, "kind": "Role", "name": role},
        "subjects": [subject],
    }
