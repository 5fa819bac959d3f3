"""A small client of the node's API server, for the sandbox's own needs."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sandbox.node import layout
from sandbox.progress import SandboxError

Object = dict[str, Any]

_TIMEOUT = 10.0
_WATCH_SECONDS = 300


class ApiError(SandboxError):
    """The API server refused; ``status`` is the HTTP status, 0 if it could not be reached."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """Speaks to the API server with the certificate of one of the node's identities."""

    def __init__(self, identity: str, pki: Path = layout.PKI) -> None:
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / f"{identity}.crt", pki / f"{identity}.key")

    def get(self, path: str) -> Object:
        """Return an object or a list."""
        answer: Object = json.loads(self._request("GET", path))
        return answer

    def text(self, path: str) -> str:
        """Return an answer that is not JSON."""
        return self._request("GET", path).decode()

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Create an object in the collection ``path``."""
        answer: Object = json.loads(self._request("POST", path, body, "application/json"))
        return answer

    def apply(self, path: str, body: Mapping[str, Any]) -> None:
        """Create or update the object ``path`` by server-side apply."""
        query = "fieldManager=flink-components-sandbox&force=true"
        self._request("PATCH", f"{path}?{query}", body, "application/apply-patch+yaml")

    def delete(self, path: str) -> None:
        """Delete an object; one that is gone already is fine."""
        try:
            self._request("DELETE", path)
        except ApiError as error:
            if error.status != http.client.NOT_FOUND:
                raise

    def watch(self, path: str, version: str) -> Iterator[Object]:
        """Yield the changes of a collection since a resource version, until the server ends it."""
        query = f"watch=true&resourceVersion={quote(version)}&timeoutSeconds={_WATCH_SECONDS}"
        connection = self._connection(_WATCH_SECONDS + _TIMEOUT)
        try:
            connection.request("GET", f"{path}?{query}")
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise ApiError(answer.status, _message(answer.read()))
            for line in answer:
                yield json.loads(line)
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(0, str(error)) from None
        finally:
            connection.close()

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, kind: str = ""
    ) -> bytes:
        connection = self._connection(_TIMEOUT)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": kind} if kind else {})
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(0, f"the API server cannot be reached: {error}") from None
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise ApiError(answer.status, _message(data))
        return data

    def _connection(self, timeout: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            layout.NODE_ADDRESS, layout.API_PORT, context=self._tls, timeout=timeout
        )


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data.decode(errors="replace").strip()
