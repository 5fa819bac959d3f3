"""Rights in a namespace: what a role grants, what a request needs, and roles that change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.lifecycle.kubernetes import Kubernetes, until

_ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles/{}"
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_OBJECT = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/[^/]+/namespaces/[^/]+/(?P<resource>[^/]+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<sub>[^/]+))?)?"
)
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Permission(NamedTuple):
    """A verb on a resource of a group; `services/proxy` is a resource of its own."""

    group: str
    resource: str
    verb: str


def needed(method: str, url: str) -> Permission | None:
    """What a request to the API server needs; None where it is not about a namespace's objects."""
    parts = urlsplit(url)
    found = _OBJECT.match(parts.path)
    if found is None:
        return None
    sub = f"/{found['sub']}" if found["sub"] else ""
    verb = _VERBS.get(method) or ("get" if found["name"] else "list")
    if verb == "list" and "watch" in parse_qs(parts.query):
        verb = "watch"
    return Permission(found["group"] or "", found["resource"] + sub, verb)


def granted(role: Mapping[str, Any]) -> set[Permission]:
    """What a role grants."""
    return {
        Permission(group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@contextmanager
def without(
    kubernetes: Kubernetes, role: Mapping[str, Any], lost: Permission, user: str
) -> Iterator[None]:
    """The role lacks a permission until the end of the block."""
    namespace = role["metadata"]["namespace"]
    path = _ROLES.format(namespace, role["metadata"]["name"])
    left = [
        {"apiGroups": [one.group], "resources": [one.resource], "verbs": [one.verb]}
        for one in granted(role) - {lost}
    ]
    kubernetes.call("PATCH", path, {"rules": left})
    until(f"the loss of {lost}", 30, lambda: not _may(kubernetes, namespace, user, lost))
    yield
    kubernetes.call("PATCH", path, {"rules": role["rules"]})
    until(f"the return of {lost}", 30, lambda: _may(kubernetes, namespace, user, lost))


def _may(kubernetes: Kubernetes, namespace: str, user: str, wanted: Permission) -> bool:
    resource, _, sub = wanted.resource.partition("/")
    attributes = {
        "namespace": namespace,
        "group": wanted.group,
        "resource": resource,
        "subresource": sub,
        "verb": wanted.verb,
    }
    body = {"spec": {"user": user, "resourceAttributes": attributes}}
    return bool(kubernetes.call("POST", _REVIEWS, body)["status"]["allowed"])
