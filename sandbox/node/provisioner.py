"""Gives each PersistentVolumeClaim a folder of the machine, and deletes it with its claim.

Runs as a process of its own: ``python -m sandbox.node.provisioner``.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from sandbox.node.api import Api, ApiError, Object
from sandbox.node.claims import Provision, Reclaim, decide
from sandbox.node.layout import VOLUMES
from sandbox.progress import say

CLAIMS = "/api/v1/persistentvolumeclaims"
VOLUMES_API = "/api/v1/persistentvolumes"

_RETRY_SECONDS = 1.0
# Any uid in a pod can write: pods run as different users, and fsGroup is not applied to host paths.
_MODE = 0o777


class Collections(Protocol):
    """What is needed of the API."""

    def get(self, path: str) -> Object: ...

    def create(self, path: str, body: Mapping[str, Any]) -> Object: ...

    def delete(self, path: str) -> None: ...


class Provisioner:
    """Keeps the volumes in step with the claims."""

    def __init__(self, api: Collections, root: Path) -> None:
        self._api = api
        self._root = root

    def reconcile(self) -> None:
        """Do all that is to be done now. Raises ApiError if the API server refuses."""
        claims = self._api.get(CLAIMS)["items"]
        volumes = self._api.get(VOLUMES_API)["items"]
        for action in decide(claims, volumes, self._root):
            if isinstance(action, Provision):
                self._provision(action)
            else:
                self._reclaim(action)

    def _provision(self, action: Provision) -> None:
        action.folder.mkdir(parents=True, exist_ok=True)
        action.folder.chmod(_MODE)
        self._api.create(VOLUMES_API, action.volume)
        say(f"{action.folder.name}: made for {action.volume['metadata']['name']}")

    def _reclaim(self, action: Reclaim) -> None:
        if action.folder.exists():
            shutil.rmtree(action.folder)
        self._api.delete(f"{VOLUMES_API}/{action.name}")
        say(f"{action.folder.name}: deleted with {action.name}")


def _watch(api: Api, path: str, changed: threading.Event) -> None:
    while True:
        try:
            version = api.get(path)["metadata"]["resourceVersion"]
            changed.set()
            for _ in api.watch(path, version):
                changed.set()
        except ApiError:
            time.sleep(_RETRY_SECONDS)


def main() -> None:
    """Run until killed."""
    api = Api("provisioner")
    provisioner = Provisioner(api, VOLUMES)
    changed = threading.Event()
    for path in (CLAIMS, VOLUMES_API):
        threading.Thread(target=_watch, args=(api, path, changed), daemon=True).start()
    while True:
        changed.wait()
        changed.clear()
        try:
            provisioner.reconcile()
        except (ApiError, OSError) as error:
            say(f"will try again: {error}")
            time.sleep(_RETRY_SECONDS)
            changed.set()


if __name__ == "__main__":
    main()
