"""What the pods of a cluster may do in their namespace."""

from __future__ import annotations

from collections.abc import Sequence

from flink_components.kube.objects.pods import Json

_GROUP = "rbac.authorization.k8s.io"


def of_high_availability() -> Json:
    """Leader election and metadata. RBAC can't say which ConfigMaps may be created."""
    verbs = ["get", "list", "watch", "create", "update", "patch", "delete"]
    return {"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}


def of_the_ledger(lease: str) -> Json:
    """Read and claim the ledger of one job."""
    return {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resourceNames": [lease],
        "verbs": ["get", "update"],
    }


def role(metadata: Json, rules: Sequence[Json]) -> Json:
    """A Role of these rules."""
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "Role",
        "metadata": metadata,
        "rules": list(rules),
    }


def role_binding(metadata: Json, name: str, account: str) -> Json:
    """Gives the role `name` to a ServiceAccount of the same namespace."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": metadata["namespace"]}
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _GROUP, "kind": "Role", "name": name},
        "subjects": [subject],
    }
