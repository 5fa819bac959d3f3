"""The API server as the tests use it beside the package under test: namespaces, odd objects."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from flink_components.kube.access import Access
from flink_components.kube.api import KubeApi
from flink_components.spec.connection import Connection

T = TypeVar("T")
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def until(what: str, seconds: float, look: Callable[[], T | None]) -> T:
    """The first answer that is neither None nor False. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen is not None and seen is not False:
            return seen
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)


class Kubernetes:
    """The API server of a kubeconfig, past the package's own rules."""

    def __init__(self, kubeconfig: str) -> None:
        self.kubeconfig = kubeconfig
        self.api: KubeApi = Access().api(Connection(kubeconfig=kubeconfig))

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One request; None where the object is not there."""
        merge = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
        answer = self.api.session.request(
            method, self.api.server + path, json=body, headers=merge, timeout=30
        )
        if answer.status_code == 404:
            return None
        assert answer.ok, f"{method} {path}: {answer.text}"
        return answer.json()

    def create_namespace(self, name: str) -> None:
        """A namespace that enforces the restricted standard; one that is left over goes first."""
        self.delete_namespace(name)
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": RESTRICTED}})
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        until("the default service account", 30, lambda: self.call("GET", account))

    @contextmanager
    def namespace(self, name: str) -> Iterator[Kubernetes]:
        """A namespace that is there until the end of the block."""
        self.create_namespace(name)
        try:
            yield self
        finally:
            self.give_up_namespace(name)

    def give_up_namespace(self, name: str) -> None:
        """Deletes the namespace; its end is not waited for, but by who makes it again."""
        there = self.call("GET", f"/api/v1/namespaces/{name}")
        if there is not None and "deletionTimestamp" not in there["metadata"]:
            self.call("DELETE", f"/api/v1/namespaces/{name}")

    def delete_namespace(self, name: str, seconds: float = 120.0) -> None:
        """Deletes the namespace with all that is in it, and waits until it is gone."""
        path = f"/api/v1/namespaces/{name}"
        if self.call("GET", path) is None:
            return
        self.give_up_namespace(name)
        until(f"the end of namespace {name}", seconds, lambda: self.call("GET", path) is None)
