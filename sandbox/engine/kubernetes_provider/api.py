"""The Kubernetes API: objects by kind and name, over one pool of connections."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from sandbox.engine.kubernetes_provider.kubeconfig import Connection
from sandbox.engine.kubernetes_provider.manifests import Kind, kind_of, name_of, namespace_of
from sandbox.engine.kubernetes_provider.values import Manifest

_POOL_SIZE = 48
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_WATCH_SECONDS = 300

_JSON = "application/json"
_APPLY = "application/apply-patch+yaml"
_JSON_PATCH = "application/json-patch+json"
_MERGE_PATCH = "application/merge-patch+json"


class ApiError(Exception):
    """The API server refused a request; the text is its own."""

    def __init__(self, status: int, reason: str, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.details = details

    @property
    def is_missing_namespace(self) -> bool:
        """Whether what does not exist is the namespace, not the object."""
        return self.status == 404 and self.details.get("kind") == "namespaces"


class NoSuchKindError(Exception):
    """The API server serves no such kind (its CRD may not be there yet)."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f'no matches for kind "{kind.kind}" in version "{kind.api_version}"')


class UnreachableError(Exception):
    """The API server does not answer."""


@dataclass(frozen=True)
class Resource:
    """Where the API server keeps the objects of a kind."""

    base: str
    plural: str
    namespaced: bool


class Api:
    """Requests to one API server; safe to use from many threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=_POOL_SIZE, ssl_context=connection.tls, retries=False
        )
        self._served: dict[str, dict[str, Resource]] = {}
        self._lock = threading.Lock()

    def version(self) -> tuple[int, int]:
        """The version of the server, such as (1, 34). Raises UnreachableError or ApiError."""
        answer = self._request("GET", "/version", timeout=_CONNECT_SECONDS)
        minor = "".join(filter(str.isdigit, str(answer["minor"])))
        return int(answer["major"]), int(minor)

    def resource(self, kind: Kind) -> Resource:
        """Where objects of this kind are. Raises NoSuchKindError if it is not served."""
        with self._lock:
            served = self._served.get(kind.api_version)
        if served is None:
            served = self._discover(kind)
            with self._lock:
                self._served[kind.api_version] = served
        if kind.kind not in served:
            # It may come with a CRD, so it is asked for again.
            with self._lock:
                self._served.pop(kind.api_version, None)
            raise NoSuchKindError(kind)
        return served[kind.kind]

    def serves(self, kind: Kind) -> bool:
        """Whether the server serves this kind."""
        try:
            self.resource(kind)
        except NoSuchKindError:
            return False
        return True

    def get(self, kind: Kind, namespace: str, name: str) -> Manifest:
        """The live object. Raises ApiError with status 404 if it does not exist."""
        return self._object("GET", self._path(kind, namespace, name))

    def list_all(self, kind: Kind, namespace: str) -> tuple[list[Manifest], str]:
        """The live objects of a namespace, and the resource version to watch them from."""
        answer = self._request("GET", self._path(kind, namespace))
        return list(answer.get("items") or []), str(answer["metadata"]["resourceVersion"])

    def watch(self, kind: Kind, namespace: str, version: str) -> Iterator[tuple[str, Manifest]]:
        """Events (ADDED, MODIFIED, DELETED) from a resource version on, until the server ends it.

        Raises ApiError with status 410 if the version is too old.
        """
        query = {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(_WATCH_SECONDS)}
        path = f"{self._path(kind, namespace)}?{urlencode(query)}"
        response = self._send("GET", path, None, _JSON, _WATCH_SECONDS + 30.0, stream=True)
        try:
            if response.status >= 400:
                raise _error(response.status, response.read())
            rest = b""
            for chunk in response.stream(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        status = event["object"]
                        raise _error(int(status.get("code") or 500), json.dumps(status).encode())
                    yield event["type"], event["object"]
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(str(error)) from error
        finally:
            response.close()

    def create(self, manifest: Manifest, manager: str, dry_run: bool) -> Manifest:
        """Create the object; ApiError with reason AlreadyExists if it does exist."""
        query = _query(fieldManager=manager, dryRun="All" if dry_run else "")
        path = self._path(kind_of(manifest), namespace_of(manifest))
        return self._object("POST", f"{path}?{query}", manifest)

    def apply(self, manifest: Manifest, manager: str, force: bool, dry_run: bool) -> Manifest:
        """Apply the manifest on the server's side; ApiError with status 409 on a conflict."""
        query = _query(
            fieldManager=manager,
            force="true" if force else "false",
            dryRun="All" if dry_run else "",
        )
        path = self._path(kind_of(manifest), namespace_of(manifest), name_of(manifest))
        return self._object("PATCH", f"{path}?{query}", manifest, _APPLY)

    def merge(self, live: Manifest, patch: Manifest, manager: str, dry_run: bool) -> Manifest:
        """Change the object by a JSON merge patch."""
        query = _query(fieldManager=manager, dryRun="All" if dry_run else "")
        path = self._path(kind_of(live), namespace_of(live), name_of(live))
        return self._object("PATCH", f"{path}?{query}", patch, _MERGE_PATCH)

    def patch(self, live: Manifest, operations: list[dict[str, Any]]) -> Manifest:
        """Change the object by a JSON patch."""
        path = self._path(kind_of(live), namespace_of(live), name_of(live))
        return self._object("PATCH", path, operations, _JSON_PATCH)

    def replace(self, manifest: Manifest, manager: str, dry_run: bool) -> Manifest:
        """Replace the whole object."""
        query = _query(fieldManager=manager, dryRun="All" if dry_run else "")
        path = self._path(kind_of(manifest), namespace_of(manifest), name_of(manifest))
        return self._object("PUT", f"{path}?{query}", manifest)

    def delete(self, kind: Kind, namespace: str, name: str, propagation: str) -> None:
        """Ask for the deletion of the object. Raises ApiError with 404 if it does not exist."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        self._request("DELETE", self._path(kind, namespace, name), body)

    def _discover(self, kind: Kind) -> dict[str, Resource]:
        base = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
        try:
            answer = self._request("GET", base)
        except ApiError as error:
            if error.status == 404:
                return {}
            raise
        return {
            str(item["kind"]): Resource(base, str(item["name"]), bool(item["namespaced"]))
            for item in answer.get("resources") or []
            if "/" not in item["name"]
        }

    def _path(self, kind: Kind, namespace: str, name: str = "") -> str:
        resource = self.resource(kind)
        parts = [resource.base]
        if resource.namespaced:
            parts.append(f"namespaces/{quote(namespace or 'default')}")
        parts.append(resource.plural)
        if name:
            parts.append(quote(name))
        return "/".join(parts)

    def _object(
        self, method: str, path: str, body: object = None, content_type: str = _JSON
    ) -> Manifest:
        answer: Manifest = self._request(method, path, body, content_type)
        return answer

    def _request(
        self,
        method: str,
        path: str,
        body: object = None,
        content_type: str = _JSON,
        timeout: float = _READ_SECONDS,
    ) -> Any:
        response = self._send(method, path, body, content_type, timeout, stream=False)
        if response.status >= 400:
            raise _error(response.status, response.data)
        return json.loads(response.data)

    def _send(
        self,
        method: str,
        path: str,
        body: object,
        content_type: str,
        timeout: float,
        stream: bool,
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": _JSON, "User-Agent": "pulumi-kubernetes", **self._connection.headers}
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            return self._pool.request(
                method,
                self._connection.server + path,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=timeout),
                preload_content=not stream,
            )
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(f"{self._connection.server}: {_cause(error)}") from error


def _query(**parameters: str) -> str:
    return urlencode({key: value for key, value in parameters.items() if value})


def _error(status: int, body: bytes) -> ApiError:
    try:
        answer = json.loads(body)
        message = str(answer.get("message") or f"the server answered {status}")
        return ApiError(status, str(answer.get("reason")), message, answer.get("details") or {})
    except (ValueError, AttributeError):
        text = body.decode(errors="replace").strip()[:200]
        return ApiError(status, "", f"the server answered {status}: {text}", {})


def _cause(error: Exception) -> str:
    reason = error.__cause__ or error
    return str(reason).partition(": ")[2] or str(reason) or type(reason).__name__
