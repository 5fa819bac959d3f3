"""Volumes, claims and quotas."""

from __future__ import annotations

from sandbox.engine.kubernetes_provider.awaits.progress import Awaited, Message, Progress, View
from sandbox.engine.kubernetes_provider.manifests import Kind, pluck, text
from sandbox.engine.kubernetes_provider.values import Manifest

_STORAGE_CLASS = Kind("storage.k8s.io/v1", "StorageClass")


def _claim(live: Manifest, before: Manifest | None, view: View) -> Progress:
    """Ready once it is bound; with a class that binds late, once it waits for its first pod."""
    phase = text(live, "status", "phase")
    storage_class = view.one(_STORAGE_CLASS, text(live, "spec", "storageClassName"))
    binds_late = text(storage_class, "volumeBindingMode") == "WaitForFirstConsumer"
    if phase == "Bound" or (binds_late and phase == "Pending"):
        return Progress(True)
    line = f"PersistentVolumeClaim is {phase or 'not seen yet'}, waiting for Bound"
    return Progress(False, [Message(line)], [line])


def _volume(live: Manifest, before: Manifest | None, view: View) -> Progress:
    """Ready once it is available or bound."""
    phase = text(live, "status", "phase")
    if phase == "Available":
        return Progress(True, [Message("✅ PV marked available")])
    if phase == "Bound":
        return Progress(True, [Message("✅ PV has been bound")])
    return Progress(False, errors=[f"PersistentVolume is {phase or 'not seen yet'}"])


def _quota(live: Manifest, before: Manifest | None, view: View) -> Progress:
    """Ready once its limits are in its status."""
    done = pluck(live, "spec", "hard") == pluck(live, "status", "hard")
    return Progress(done, errors=[] if done else ["ResourceQuota is not in effect yet"])


CLAIM = Awaited(_claim, (_STORAGE_CLASS,), on_read=False, seconds=300.0)
VOLUME = Awaited(_volume, on_read=False, seconds=300.0)
QUOTA = Awaited(_quota, on_read=False, seconds=60.0)
