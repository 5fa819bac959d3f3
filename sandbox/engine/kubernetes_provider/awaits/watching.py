"""Live objects of a namespace, kept up to date by watches that all waits share."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from sandbox.engine.kubernetes_provider.api import Api, ApiError, NoSuchKindError, UnreachableError
from sandbox.engine.kubernetes_provider.manifests import Kind, name_of
from sandbox.engine.kubernetes_provider.values import Manifest

_RETRY_SECONDS = 1.0
_SYNC_SECONDS = 10.0

Key = tuple[Kind, str]


class Watches:
    """The watches that are in use, each with one thread, and a signal for any change."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._stores: dict[Key, _Store] = {}
        self._lock = threading.Lock()
        self.changed = threading.Condition()

    @contextmanager
    def of(self, kinds: Iterable[Kind], namespace: str) -> Iterator[Snapshots]:
        """Watch these kinds in a namespace for as long as the context lasts."""
        keys = [(kind, namespace) for kind in kinds]
        stores = {key[0]: self._open(key) for key in keys}
        try:
            deadline = time.monotonic() + _SYNC_SECONDS
            for store in stores.values():
                store.synced.wait(max(0.0, deadline - time.monotonic()))
            yield Snapshots(stores)
        finally:
            for key in keys:
                self._close(key)

    def _open(self, key: Key) -> _Store:
        with self._lock:
            store = self._stores.get(key)
            if store is None:
                store = self._stores[key] = _Store(self._api, key, self.changed)
                threading.Thread(target=store.run, daemon=True).start()
            store.users += 1
            return store

    def _close(self, key: Key) -> None:
        with self._lock:
            store = self._stores[key]
            store.users -= 1
            if store.users == 0:
                store.stop()
                del self._stores[key]


class Snapshots:
    """What the watched kinds look like now."""

    def __init__(self, stores: dict[Kind, _Store]) -> None:
        self._stores = stores
        self._started = time.monotonic()

    def all(self, kind: Kind) -> Sequence[Manifest]:
        """The objects of a watched kind."""
        return list(self._stores[kind].objects.values())

    def one(self, kind: Kind, name: str) -> Manifest | None:
        """An object of a watched kind."""
        return self._stores[kind].objects.get(name)

    def quiet_seconds(self, kind: Kind, name: str = "") -> float:
        """For how long nothing changed; 0 before the object was seen."""
        times = self._stores[kind].changed_at
        last = times.get(name) if name else max(times.values(), default=None)
        return 0.0 if last is None else time.monotonic() - max(last, self._started)

    def waited_seconds(self) -> float:
        """For how long these have been watched for one wait."""
        return time.monotonic() - self._started


class _Store:
    """The objects of one kind in one namespace."""

    def __init__(self, api: Api, key: Key, changed: threading.Condition) -> None:
        self.objects: dict[str, Manifest] = {}
        self.changed_at: dict[str, float] = {}
        self.synced = threading.Event()
        self.users = 0
        self._api = api
        self._kind, self._namespace = key
        self._changed = changed
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the thread at its next event, or when the server ends the watch."""
        self._stopped.set()

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow()
            except (ApiError, NoSuchKindError, UnreachableError):
                # Not served, not allowed, or gone for a moment: go on with what is known.
                self.synced.set()
                self._stopped.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        items, version = self._api.list_all(self._kind, self._namespace)
        kind = {"apiVersion": self._kind.api_version, "kind": self._kind.kind}
        listed = {name_of(item): {**kind, **item} for item in items}
        for name in {*self.objects, *listed}:
            if self.objects.get(name) != listed.get(name):
                self._note(name)
        self.objects = listed
        self.synced.set()
        self._tell()
        for event, item in self._api.watch(self._kind, self._namespace, version):
            if self._stopped.is_set():
                return
            updated = dict(self.objects)
            if event == "DELETED":
                updated.pop(name_of(item), None)
            else:
                updated[name_of(item)] = item
            self.objects = updated
            self._note(name_of(item))
            self._tell()

    def _note(self, name: str) -> None:
        self.changed_at[name] = time.monotonic()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
