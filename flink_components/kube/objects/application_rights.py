"""What the pods of an application may do in their namespace."""

from __future__ import annotations

from flink_components.kube.objects.pods import Json

_GROUP = "rbac.authorization.k8s.io"
_FOR_HIGH_AVAILABILITY = ("get", "list", "watch", "create", "update", "patch", "delete")


def role(metadata: Json, lease: str, *, kubernetes_ha: bool) -> Json:
    """Read and claim the ledger of this job, and what high availability on Kubernetes needs."""
    rules: list[Json] = [
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [lease],
            "verbs": ["get", "update"],
        }
    ]
    if kubernetes_ha:
        # RBAC can't say which ConfigMaps may be created.
        verbs = list(_FOR_HIGH_AVAILABILITY)
        rules.append({"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs})
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "Role",
        "metadata": metadata,
        "rules": rules,
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
