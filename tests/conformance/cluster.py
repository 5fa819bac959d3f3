"""The cluster as the tests see it: by the official client, past the provider under test."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import requests
from kubernetes import client, config


class Cluster:
    """Objects of one namespace, which is made for the tests."""

    def __init__(self, kubeconfig: str) -> None:
        settings: Any = client.Configuration()
        load: Callable[..., None] = config.load_kube_config
        load(kubeconfig, client_configuration=settings)
        self._server = settings.host
        self._session = requests.Session()
        # Otherwise the environment's certificates and proxies win over the kubeconfig's.
        self._session.trust_env = False
        self._session.verify = settings.ssl_ca_cert or settings.verify_ssl
        if settings.cert_file:
            self._session.cert = (settings.cert_file, settings.key_file)
        for header in settings.auth_settings().values():
            self._session.headers[header["key"]] = header["value"]
        self.namespace = f"conformance-{uuid.uuid4().hex[:8]}"
        self.create(
            "/api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}},
        )

    def close(self) -> None:
        """Delete the namespace and all that is left in it."""
        self.delete(f"/api/v1/namespaces/{self.namespace}")

    def path(self, plural: str, name: str = "") -> str:
        """The address of an object of the namespace: ``configmaps``, ``apps/v1/deployments``."""
        base = "/api/v1" if "/" not in plural else f"/apis/{plural.rpartition('/')[0]}"
        path = f"{base}/namespaces/{self.namespace}/{plural.rpartition('/')[2]}"
        return f"{path}/{name}" if name else path

    def get(self, path: str) -> Any:
        """The object at an address, or None."""
        return self._call("GET", path)

    def all(self, plural: str) -> list[Any]:
        """The objects of a kind in the namespace."""
        return list(self._call("GET", self.path(plural))["items"])

    def create(self, path: str, body: dict[str, Any]) -> Any:
        """Create an object under an address."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: dict[str, Any], manager: str = "somebody-else") -> Any:
        """Change an object by a JSON merge patch, as another field manager."""
        return self._call("PATCH", f"{path}?fieldManager={manager}", body)

    def delete(self, path: str) -> None:
        """Ask for the deletion of an object, if it is there."""
        self._call("DELETE", path)

    def until(self, path: str, holds: Callable[[Any], bool], seconds: float = 20.0) -> Any:
        """Wait until the object at an address is as wanted (None: it is not there)."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.get(path)
            if holds(found):
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"{path} is still {found}")
            time.sleep(0.1)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        merge = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
        answer = self._session.request(
            method, self._server + path, json=body, headers=merge, timeout=30
        )
        if answer.status_code == 404:
            return None
        assert answer.ok, f"{method} {path}: {answer.text}"
        return answer.json()
