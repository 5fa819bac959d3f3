"""Waiting for an object: created or updated until it is ready, deleted until it is gone."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence

from sandbox.engine.kubernetes_provider.api import Api, ApiError
from sandbox.engine.kubernetes_provider.awaits import network, pods, storage, workloads
from sandbox.engine.kubernetes_provider.awaits.progress import Awaited, Message
from sandbox.engine.kubernetes_provider.awaits.watching import Watches
from sandbox.engine.kubernetes_provider.logs import INFO, WARNING, Log
from sandbox.engine.kubernetes_provider.manifests import (
    Kind,
    kind_of,
    name_of,
    namespace_of,
    pluck,
    uid_of,
)
from sandbox.engine.kubernetes_provider.values import Manifest

DEFAULT_SECONDS = 600.0

_TICK_SECONDS = 0.5

AWAITED = {
    Kind("apps/v1", "DaemonSet"): workloads.DAEMON_SET,
    Kind("apps/v1", "Deployment"): workloads.DEPLOYMENT,
    Kind("apps/v1", "StatefulSet"): workloads.STATEFUL_SET,
    Kind("batch/v1", "Job"): workloads.JOB,
    Kind("networking.k8s.io/v1", "Ingress"): network.INGRESS,
    Kind("v1", "PersistentVolume"): storage.VOLUME,
    Kind("v1", "PersistentVolumeClaim"): storage.CLAIM,
    Kind("v1", "Pod"): pods.POD,
    Kind("v1", "ResourceQuota"): storage.QUOTA,
    Kind("v1", "Service"): network.SERVICE,
}
"""How the kinds are awaited that do not do their work at once."""


class AwaitError(Exception):
    """The object is there, but it did not become what it is there for."""

    def __init__(self, message: str, live: Manifest, reasons: Sequence[str]) -> None:
        super().__init__(message)
        self.live = live
        self.reasons = list(reasons)


class Waiter:
    """Waits for objects; ``cancelled`` ends all waits."""

    def __init__(self, api: Api, cancelled: threading.Event) -> None:
        self._api = api
        self._watches = Watches(api)
        self._cancelled = cancelled

    def until_ready(
        self, awaited: Awaited, live: Manifest, before: Manifest | None, log: Log, seconds: float
    ) -> Manifest:
        """Wait until the object is ready and return it as it is then.

        Raises AwaitError on failure, after ``seconds``, and when the operation is cancelled.
        """
        kind, name, namespace = kind_of(live), name_of(live), namespace_of(live)
        deadline = time.monotonic() + min(seconds, awaited.seconds or seconds)
        with self._watches.of((kind, *awaited.related), namespace) as view:
            while True:
                seen = view.one(kind, name)
                if seen is not None and not _is_older(seen, live):
                    live = seen
                progress = awaited.check(live, before, view)
                _show(log, progress.messages)
                if progress.done:
                    return live
                if progress.failed:
                    raise AwaitError(
                        f"Resource '{name}' was created but failed to initialize",
                        live,
                        progress.errors,
                    )
                if self._cancelled.is_set():
                    text = f'Resource operation was cancelled for "{name}"'
                    raise AwaitError(text, live, progress.errors)
                left = deadline - time.monotonic()
                if left <= 0:
                    text = f"'{name}' timed out waiting to be Ready"
                    raise AwaitError(text, live, progress.errors)
                with self._watches.changed:
                    self._watches.changed.wait(min(left, _TICK_SECONDS))

    def check_now(self, awaited: Awaited, live: Manifest, log: Log) -> None:
        """Look once whether the object is ready. Raises AwaitError if it is not."""
        progress = awaited.check(live, None, _Now(self._api, namespace_of(live)))
        _show(log, progress.messages)
        if not progress.done:
            text = f"Resource '{name_of(live)}' was created but failed to initialize"
            raise AwaitError(text, live, progress.errors)

    def until_deleted(self, live: Manifest, log: Log, seconds: float) -> None:
        """Wait until the object is gone. Raises AwaitError after ``seconds`` or when cancelled."""
        kind, name, namespace = kind_of(live), name_of(live), namespace_of(live)
        deadline = time.monotonic() + seconds
        pause = 0.05
        while True:
            try:
                current = self._api.get(kind, namespace, name)
            except ApiError as error:
                if error.status == 404:
                    return
                raise
            if uid_of(live) and uid_of(current) != uid_of(live):
                return
            if self._cancelled.is_set() or time.monotonic() >= deadline:
                finalizers = pluck(current, "metadata", "finalizers") or []
                log.permanent(
                    WARNING,
                    f"finalizers might be preventing deletion ({', '.join(finalizers)})",
                )
                raise AwaitError("timed out waiting for the condition", current, [])
            log.status(INFO, "Resource scheduled for deletion")
            time.sleep(pause)
            pause = min(pause * 1.5, _TICK_SECONDS)


class _Now:
    """The objects around an awaited one, asked for at once, as a refresh sees them."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    def all(self, kind: Kind) -> Sequence[Manifest]:
        return self._api.list_all(kind, self._namespace)[0]

    def one(self, kind: Kind, name: str) -> Manifest | None:
        try:
            return self._api.get(kind, self._namespace, name)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def quiet_seconds(self, kind: Kind, name: str = "") -> float:
        return math.inf

    def waited_seconds(self) -> float:
        return math.inf


def _is_older(seen: Manifest, live: Manifest) -> bool:
    """Whether a watch still shows the object as it was before the last change."""
    if uid_of(seen) != uid_of(live):
        return True
    versions = [str(pluck(item, "metadata", "resourceVersion") or "") for item in (seen, live)]
    if not all(version.isdigit() for version in versions):
        return False
    return int(versions[0]) < int(versions[1])


def _show(log: Log, messages: Sequence[Message]) -> None:
    for message in messages:
        log.status(message.severity, message.text)
