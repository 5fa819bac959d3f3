"""An API server that keeps objects in memory: names, labels, resource versions, uids."""

from __future__ import annotations

import copy
import itertools
from typing import Any

Json = dict[str, Any]
Reply = tuple[int, Any]

GROUPS = {
    ("api/v1", "configmaps"): "ConfigMap",
    ("api/v1", "events"): "Event",
    ("api/v1", "nodes"): "Node",
    ("api/v1", "pods"): "Pod",
    ("api/v1", "resourcequotas"): "ResourceQuota",
    ("api/v1", "secrets"): "Secret",
    ("api/v1", "services"): "Service",
    ("apis/apps/v1", "deployments"): "Deployment",
    ("apis/coordination.k8s.io/v1", "leases"): "Lease",
    ("apis/networking.k8s.io/v1", "networkpolicies"): "NetworkPolicy",
    ("apis/rbac.authorization.k8s.io/v1", "roles"): "Role",
    ("apis/rbac.authorization.k8s.io/v1", "rolebindings"): "RoleBinding",
}


class FakeKube:
    """Objects by kind, namespace and name. A write with an old resourceVersion is a conflict.

    `logs` are by namespace, pod, and whether it is that before the last restart. `forbidden` are
    kinds that may not be listed everywhere; nodes are in no namespace.
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Json] = {}
        self.logs: dict[tuple[str, str, bool], str] = {}
        self.forbidden: set[str] = set()
        self._versions = itertools.count(100)
        self._uids = itertools.count(1)

    def handle(self, method: str, path: str, query: str, body: Any) -> Reply:
        """Answers as the API server does: objects, lists, or a Status."""
        if "/namespaces/" not in path:
            return self._everywhere(path)
        group, _, rest = path.strip("/").partition("/namespaces/")
        namespace, plural, *names = rest.split("/")
        kind = GROUPS[(group, plural)]
        if names[1:] == ["log"]:
            return self._log(namespace, names[0], "previous=true" in query)
        if not names:
            if method == "POST":
                return self._create(kind, namespace, body)
            return 200, {"items": self._list(kind, namespace, query)}
        key = (kind, namespace, names[0])
        if key not in self.objects:
            return status(404, "NotFound", f'{plural} "{names[0]}" not found')
        if method == "GET":
            return 200, copy.deepcopy(self.objects[key])
        if method == "PUT":
            return self._replace(key, body)
        if method == "PATCH":
            return 200, self._store(key, _merged(self.objects[key], body))
        del self.objects[key]
        return 200, {"kind": "Status", "status": "Success"}

    def _everywhere(self, path: str) -> Reply:
        group, _, plural = path.strip("/").rpartition("/")
        kind = GROUPS[(group, plural)]
        if kind in self.forbidden:
            return status(403, "Forbidden", f"{plural} is forbidden: at the cluster scope")
        found = [body for (k, _, _), body in sorted(self.objects.items()) if k == kind]
        return 200, {"metadata": {}, "items": copy.deepcopy(found)}

    def _log(self, namespace: str, pod: str, previous: bool) -> tuple[int, Any]:
        text = self.logs.get((namespace, pod, previous))
        if text is None:
            return status(400, "BadRequest", f'previous terminated container in "{pod}" not found')
        return 200, text.encode()

    def put(self, kind: str, namespace: str, name: str, **content: Any) -> Json:
        """Makes an object as another client would."""
        labels = content.pop("labels", {})
        body = {"metadata": {"name": name, "labels": labels}, **content}
        return self._create(kind, namespace, body)[1]  # type: ignore[no-any-return]

    def names(self, kind: str, namespace: str) -> list[str]:
        """The names of the objects of a kind."""
        return sorted(n for k, ns, n in self.objects if (k, ns) == (kind, namespace))

    def _create(self, kind: str, namespace: str, body: Json) -> Reply:
        name = body["metadata"]["name"]
        key = (kind, namespace, name)
        if key in self.objects:
            return status(409, "AlreadyExists", f'{kind.lower()}s "{name}" already exists')
        made = copy.deepcopy(body)
        made["metadata"]["uid"] = f"uid-{next(self._uids)}"
        made["metadata"]["namespace"] = namespace
        return 201, self._store(key, made)

    def _replace(self, key: tuple[str, str, str], body: Json) -> Reply:
        given = body["metadata"].get("resourceVersion")
        if given is not None and given != self.objects[key]["metadata"]["resourceVersion"]:
            return status(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on "{key[2]}": the object has been modified',
            )
        return 200, self._store(key, body)

    def _store(self, key: tuple[str, str, str], body: Json) -> Json:
        stored = copy.deepcopy(body)
        stored["metadata"]["resourceVersion"] = str(next(self._versions))
        self.objects[key] = stored
        return copy.deepcopy(stored)

    def _list(self, kind: str, namespace: str, query: str) -> list[Json]:
        wanted = dict(
            term.split("=", 1)
            for term in query.removeprefix("labelSelector=").split(",")
            if "=" in term
        )
        return [
            copy.deepcopy(found)
            for (k, ns, _), found in sorted(self.objects.items())
            if (k, ns) == (kind, namespace)
            and wanted.items() <= (found["metadata"].get("labels") or {}).items()
        ]


def status(code: int, reason: str, message: str) -> Reply:
    """What the API server answers in place of an object."""
    return code, {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def _merged(old: Any, new: Any) -> Any:
    """A JSON merge patch."""
    if not isinstance(new, dict):
        return new
    result = dict(old) if isinstance(old, dict) else {}
    for name, value in new.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result
