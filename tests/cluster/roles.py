"""The roles of docs/rbac/ in a namespace, and ways to the API server on which all is noted."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from sandbox.paths import PROJECT
from tests.cluster.credentials import token_of, with_user
from tests.cluster.gate import Gate, gate
from tests.cluster.permissions import Permission, granted, needed
from tests.lifecycle.kubernetes import Kubernetes
from tests.unit.doubles.https import Authority

FOLDER = PROJECT / "docs/rbac"
Roles = Mapping[str, Mapping[str, Any]]
LIFECYCLE = "python-requests"
OBJECTS = "pulumi-kubernetes"
"""Who asks, by the beginning of what it calls itself: the package, and Pulumi's own provider."""

_PLURALS = {
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
}


def documents(name: str, namespace: str) -> list[dict[str, Any]]:
    """The objects of a file, as a user has them who wrote a namespace into it."""
    text = (FOLDER / name).read_text().replace("payments", namespace)
    return list(yaml.safe_load_all(text))


def applied(kubernetes: Kubernetes, name: str, namespace: str) -> Roles:
    """Makes the objects of a file; its roles by name."""
    found = documents(name, namespace)
    for document in found:
        kubernetes.call("POST", _PLURALS[document["kind"]].format(namespace), document)
    return {one["metadata"]["name"]: one for one in found if one["kind"] == "Role"}


def all_granted(roles: Roles, *names: str) -> set[Permission]:
    """What these roles grant together."""
    return set().union(*(granted(roles[name]) for name in names))


@dataclass(frozen=True)
class Way:
    """A gate before the API server, and a kubeconfig that leads through it as one account."""

    gate: Gate
    kubeconfig: str

    def asked_for(self, by: str) -> set[Permission]:
        """The permissions that the requests of a program needed."""
        found = (needed(one.method, one.path) for one in self.gate.asked if by in one.agent)
        return {permission for permission in found if permission is not None}


@contextmanager
def ways(
    kubernetes: Kubernetes, namespace: str, accounts: Collection[str], folder: Path
) -> Iterator[dict[str, Way]]:
    """Ways for service accounts of a namespace, by name, until the end of the block."""
    authority = Authority(folder)
    nobody = requests.Session()
    nobody.trust_env, nobody.verify = False, kubernetes.api.session.verify
    certificate = base64.b64encode(authority.cert.read_bytes()).decode()
    with ExitStack() as stack:
        found = {}
        for account in accounts:
            pair = authority.issue(account)
            made = stack.enter_context(gate(pair, kubernetes.api.server, nobody))
            cluster = {"server": made.url, "certificate-authority-data": certificate}
            user = {"token": token_of(kubernetes, namespace, account)}
            path = with_user(folder / f"{account}.yaml", kubernetes.kubeconfig, user, cluster)
            found[account] = Way(made, path)
        yield found
