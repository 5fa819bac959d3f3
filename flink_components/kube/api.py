"""The API server over one pooled HTTPS session: plain objects in, plain objects out."""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import requests

from flink_components.flink.errors import connection_problem

Json = dict[str, Any]


class KubeError(Exception):
    """The API server refused; `message` is its own reason."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class NotFound(KubeError):
    """No such object."""


class Conflict(KubeError):
    """The object was changed by another, or exists already."""


class Forbidden(KubeError):
    """The credentials do not allow it."""


class Unreachable(KubeError):
    """The API server did not answer: a change that was sent may or may not have happened."""


_KINDS: dict[int, type[KubeError]] = {401: Forbidden, 403: Forbidden, 404: NotFound, 409: Conflict}

_FOR_A_WHILE = (429, 502, 503, 504)
"""Answers of an API server that is too busy, that restarts, or whose store can't be asked."""

_LISTED_FOR_SECONDS = 10.0

_PLURALS = {
    "ConfigMap": "api/v1/namespaces/{ns}/configmaps",
    "Deployment": "apis/apps/v1/namespaces/{ns}/deployments",
    "Event": "api/v1/namespaces/{ns}/events",
    "Lease": "apis/coordination.k8s.io/v1/namespaces/{ns}/leases",
    "Node": "api/v1/nodes",
    "NetworkPolicy": "apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies",
    "Pod": "api/v1/namespaces/{ns}/pods",
    "ResourceQuota": "api/v1/namespaces/{ns}/resourcequotas",
    "Role": "apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles",
    "RoleBinding": "apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings",
    "Secret": "api/v1/namespaces/{ns}/secrets",
    "Service": "api/v1/namespaces/{ns}/services",
}


class KubeApi:
    """The API server at `server`. `session` brings credentials and TLS.

    `timeout` is (connect, read) in seconds. Every method raises `KubeError` or a child of it.
    """

    def __init__(
        self,
        server: str,
        session: requests.Session,
        timeout: tuple[float, float] = (5.0, 15.0),
    ) -> None:
        self.server = server.rstrip("/")
        self.session = session
        self._timeout = timeout
        self._listed: dict[str, tuple[float | None, Sequence[Json] | None]] = {}

    def get(self, kind: str, namespace: str, name: str) -> Json:
        """The object as it is now."""
        return self._send("GET", self._path(kind, namespace, name))

    def list(self, kind: str, namespace: str, selector: str) -> list[Json]:
        """The objects of one namespace that a label selector takes."""
        path = f"{self._path(kind, namespace)}?labelSelector={quote(selector)}"
        items: list[Json] = self._send("GET", path).get("items") or []
        return items

    def list_everywhere(self, kind: str, most: int, fields: str = "") -> Sequence[Json] | None:
        """The objects of all namespaces, or None where there are more than `most`.

        `fields` is a field selector. What was listed is told again for some seconds, so that a plan
        of many jobs asks once.
        """
        path = _PLURALS[kind].replace("namespaces/{ns}/", "")
        at, items = self._listed.get(path, (None, None))
        if at is None or time.monotonic() - at > _LISTED_FOR_SECONDS:
            query = f"?limit={most}&fieldSelector={quote(fields)}"
            answer = self._send("GET", f"{self.server}/{path}{query}")
            whole = not (answer.get("metadata") or {}).get("continue")
            items = (answer.get("items") or []) if whole else None
            self._listed[path] = (time.monotonic(), items)
        return items

    def create(self, kind: str, namespace: str, body: Mapping[str, Any]) -> Json:
        """Creates the object; `Conflict` where it exists."""
        return self._send("POST", self._path(kind, namespace), json=body)

    def replace(self, kind: str, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        """Replaces the object: a compare-and-set where the body holds a resourceVersion."""
        return self._send("PUT", self._path(kind, namespace, name), json=body)

    def patch(self, kind: str, namespace: str, name: str, body: Mapping[str, Any]) -> Json:
        """Changes the given fields only (JSON merge patch)."""
        return self._send(
            "PATCH",
            self._path(kind, namespace, name),
            json=body,
            headers={"Content-Type": "application/merge-patch+json"},
        )

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Deletes the object and, before it goes, what it owns; one that is gone is no error."""
        try:
            self._send(
                "DELETE",
                self._path(kind, namespace, name),
                json={"propagationPolicy": "Foreground"},
            )
        except NotFound:
            return

    def log(
        self, namespace: str, pod: str, container: str, previous: bool = False, lines: int = 1000
    ) -> str:
        """The end of a container's log; `previous`: of the one that ran before the last restart."""
        url = f"{self._path('Pod', namespace, pod)}/log?container={quote(container)}"
        url += f"&tailLines={lines}&previous={str(previous).lower()}"
        response = self._request("GET", url)
        if response.ok:
            return response.text
        raise _problem(self.server, response)

    def service_proxy(self, namespace: str, service: str, port: int) -> str:
        """The base URL of a Service's port behind the API server's own proxy."""
        return f"{self.server}/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy"

    def pod_proxy(self, namespace: str, pod: str, port: int) -> str:
        """The same of one pod's port."""
        return f"{self.server}/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy"

    def _path(self, kind: str, namespace: str, name: str | None = None) -> str:
        path = f"{self.server}/{_PLURALS[kind].format(ns=namespace)}"
        return path if name is None else f"{path}/{name}"

    def _send(self, method: str, url: str, **options: Any) -> Json:
        response = self._request(method, url, **options)
        body = _json(response)
        if response.ok and isinstance(body, dict):
            return body
        raise _problem(self.server, response)

    def _request(self, method: str, url: str, **options: Any) -> requests.Response:
        try:
            return self.session.request(method, url, timeout=self._timeout, **options)
        except requests.RequestException as error:
            raise Unreachable(
                f"{self.server} does not answer: {connection_problem(error)}"
            ) from error


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return {}


def _problem(server: str, response: requests.Response) -> KubeError:
    body = _json(response)
    message = body.get("message") if isinstance(body, dict) else None
    kind = _KINDS.get(response.status_code, KubeError)
    if response.status_code in _FOR_A_WHILE or (message or "").startswith("etcdserver: "):
        kind = Unreachable
    if response.status_code == 401:
        message = f"{server} does not accept the credentials: log in again, or mend them"
    return kind(message or f"HTTP {response.status_code}", response.status_code)
