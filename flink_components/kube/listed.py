"""An API server whose Leases are read by one list call of a namespace."""

import copy
import threading
import time
from collections.abc import Callable
from typing import Any

from flink_components.flink.rest import FlinkClient
from flink_components.kube.access import Access
from flink_components.kube.api import Forbidden, KubeApi, NotFound
from flink_components.spec.connection import Connection
from flink_components.spec.ref import ClusterRef

Json = dict[str, Any]
FRESH_SECONDS = 15.0
"""How old what was listed may be. Whoever changes something reads again, and compares and sets."""


class ListedApi(KubeApi):
    """Answers a GET of a Lease from the list of those with a label, which is made once for a while.

    For those who only look: nothing is changed by what it says. Where listing is not allowed,
    each Lease is read by itself.
    """

    def __init__(
        self,
        api: KubeApi,
        label: str,
        fresh: float = FRESH_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(api.server, api.session)
        self._api, self._label, self._fresh, self._monotonic = api, label, fresh, monotonic
        self._mutex = threading.Lock()
        self._found: dict[str, tuple[float, dict[str, Json] | None]] = {}

    def get(self, kind: str, namespace: str, name: str) -> Json:
        """The object as it is, or was not long ago."""
        listed = self._leases(namespace) if kind == "Lease" else None
        if listed is None:
            return self._api.get(kind, namespace, name)
        if name not in listed:
            raise NotFound(f'leases "{name}" not found', 404)
        return copy.deepcopy(listed[name])

    def list(self, kind: str, namespace: str, selector: str) -> list[Json]:
        """The objects that a selector takes; those with the label are the ones already listed."""
        label, _, value = selector.partition("=")
        listed = self._leases(namespace) if (kind, label) == ("Lease", self._label) else None
        if listed is None:
            return self._api.list(kind, namespace, selector)
        found = (copy.deepcopy(lease) for lease in listed.values())
        return [lease for lease in found if lease["metadata"]["labels"].get(label) == value]

    def _leases(self, namespace: str) -> dict[str, Json] | None:
        with self._mutex:
            read_at, found = self._found.get(namespace, (None, None))
            if read_at is None or self._monotonic() - read_at > self._fresh:
                found = self._list(namespace)
                self._found[namespace] = (self._monotonic(), found)
            return found

    def _list(self, namespace: str) -> dict[str, Json] | None:
        try:
            leases = self._api.list("Lease", namespace, self._label)
        except Forbidden:
            return None
        return {lease["metadata"]["name"]: lease for lease in leases}


class ListedAccess:
    """The way to clusters for those who only look: as `Access`, with Leases that are listed."""

    def __init__(self, access: Access, label: str) -> None:
        self._access, self._label = access, label
        self._mutex = threading.Lock()
        self._apis: dict[int, ListedApi] = {}

    def api(self, connection: Connection | None) -> KubeApi:
        """The API server."""
        api = self._access.api(connection)
        with self._mutex:
            return self._apis.setdefault(id(api), ListedApi(api, self._label))

    def flink(self, ref: ClusterRef) -> FlinkClient:
        """Flink's REST API of a cluster."""
        return self._access.flink(ref)
